"""An email address in the one form that we compare and store."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.errors import DomainError

_LONGEST_INPUT = 1_000
_ENCODED_WORD = "=?"
# Unicode's White_Space, which is less than what `str.strip` takes off: no control characters but
# tab, line breaks and the like, and nothing of zero width.
_WHITE_SPACE = "\t\n\v\f\r \u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)


class InvalidEmailError(DomainError):
    """The text can't be an email address."""

    reason = "invalid_email"
    message = "Enter an email address, such as name@example.com."


@dataclass(frozen=True, order=True)
class EmailAddress:
    """Lower-case ASCII; an international domain in its IDNA form; plus-tags kept as they are."""

    value: str

    @classmethod
    def parse(cls, text: str, param: str = "email") -> EmailAddress:
        """Check and normalise an address, without white space around it; raises InvalidEmailError.

        Local parts outside ASCII are refused: SES can't reach them, and they are how
        look-alike addresses are made.
        """
        # Imported here: the library costs every cold start about 35 ms otherwise.
        from email_validator import EmailNotValidError, validate_email

        bare = text.strip(_WHITE_SPACE)
        # A mail program decodes `=?utf-8?q?…?=` and may see another address; RFC 2047 (5) bars it.
        if len(bare) > _LONGEST_INPUT or _ENCODED_WORD in bare:
            raise InvalidEmailError(param=param)
        try:
            # `test_environment` only lifts the ban on names such as acme.test; whether mail
            # arrives is found out by sending it.
            checked = validate_email(
                bare,
                allow_smtputf8=False,
                check_deliverability=False,
                strict=True,
                test_environment=True,
            )
        except (EmailNotValidError, UnicodeError) as error:
            raise InvalidEmailError(param=param) from error
        if "." not in checked.ascii_domain:
            raise InvalidEmailError(param=param)
        return cls(f"{checked.local_part}@{checked.ascii_domain}".lower())

    @property
    def local_part(self) -> str:
        """What stands before the @."""
        return self.value.rpartition("@")[0]

    @property
    def domain(self) -> str:
        """What stands after the @; it alone decides how a person signs in."""
        return self.value.rpartition("@")[2]

    @property
    def masked(self) -> str:
        """The address as a stranger may see it: its first character and its domain."""
        return f"{self.value[0]}…@{self.domain}"

    def __str__(self) -> str:
        """Return the address as it is stored."""
        return self.value
