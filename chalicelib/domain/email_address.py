"""An email address in the one form that we compare and store."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.errors import DomainError

_LONGEST_INPUT = 1_000
_ENCODED_WORD = "=?"


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
        """Check and normalise an address; raises InvalidEmailError.

        Local parts outside ASCII are refused: SES can't reach them, and they are how
        look-alike addresses are made.
        """
        # Imported here: the library costs every cold start about 35 ms otherwise.
        from email_validator import EmailNotValidError, validate_email

        # A mail program decodes `=?utf-8?q?…?=` and may see another address; RFC 2047 (5) bars it.
        if len(text) > _LONGEST_INPUT or _ENCODED_WORD in text:
            raise InvalidEmailError(param=param)
        try:
            # `test_environment` only lifts the ban on names such as acme.test; whether mail
            # arrives is found out by sending it.
            checked = validate_email(
                text,
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
