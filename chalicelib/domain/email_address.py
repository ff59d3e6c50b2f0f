"""An email address in the one form that we compare and store."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.errors import DomainError

_LONGEST_INPUT = 1_000
_ENCODED_WORD = "=?"
# Unicode's White_Space: fewer characters than `str.strip` removes. No control characters except tab
# and line breaks, and nothing of zero width.
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
        """Check and normalise an address, ignoring white space around it; raises InvalidEmailError.

        A local part outside ASCII is refused: SES can't deliver to it, and it allows look-alike
        addresses.
        """
        # Imported here: the library adds about 35 ms to a cold start.
        from email_validator import EmailNotValidError, validate_email

        bare = text.strip(_WHITE_SPACE)
        # A mail program decodes `=?utf-8?q?…?=` and may show another address; RFC 2047 (5) forbids
        # it.
        if len(bare) > _LONGEST_INPUT or _ENCODED_WORD in bare:
            raise InvalidEmailError(param=param)
        try:
            # `test_environment` only allows names such as acme.test. Whether mail arrives is found
            # out by sending it.
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
        """Return the part before the @."""
        return self.value.rpartition("@")[0]

    @property
    def domain(self) -> str:
        """Return the part after the @, which decides how a user signs in."""
        return self.value.rpartition("@")[2]

    @property
    def masked(self) -> str:
        """Return what a stranger may see: the first character and the domain."""
        return f"{self.value[0]}…@{self.domain}"

    def __str__(self) -> str:
        """Return the address as it is stored."""
        return self.value
