"""Confirming an address with a mailed link: in the sign-up's browser, or with its password."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import LinkInvalidError, PasswordRequiredError, WrongPasswordError
from chalicelib.domain.links import LinkPurpose
from chalicelib.domain.tokens import MalformedTokenError, SecretToken

if TYPE_CHECKING:
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.links import Link
    from chalicelib.domain.password_hashing import PasswordHasher
    from chalicelib.domain.sign_up import SignUp, SignUpTicket
    from chalicelib.storage.links import Links
    from chalicelib.storage.sign_ups import SignUps


@dataclass(frozen=True)
class EmailConfirmation:
    """The last step of a sign-up."""

    links: Links
    sign_ups: SignUps
    hasher: PasswordHasher
    clock: Clock

    def needs_password(self, token: str, ticket: SignUpTicket | None) -> bool:
        """Say whether this browser has to give the sign-up's password; changes nothing (`B16`).

        Raises LinkInvalidError.
        """
        _, sign_up = self._find(token)
        return not _is_own(sign_up, ticket)

    def complete(self, token: str, password: str | None, ticket: SignUpTicket | None) -> None:
        """Spend the link: the user, the account and `Main` exist from here on; nobody signs in.

        Raises LinkInvalidError; PasswordRequiredError and WrongPasswordError leave the link good.
        """
        link, sign_up = self._find(token)
        if not _is_own(sign_up, ticket):
            if password is None:
                raise PasswordRequiredError(param="password")
            if not self.hasher.verify(sign_up.password_hash, password).matches:
                raise WrongPasswordError(param="password")
        self.sign_ups.confirm(link, sign_up, self.clock())

    def _find(self, token: str) -> tuple[Link, SignUp]:
        try:
            digest = SecretToken.parse(token).digest
        except MalformedTokenError as error:
            raise LinkInvalidError from error
        link = self.links.find(digest, LinkPurpose.CONFIRM_SIGN_UP, self.clock())
        sign_up = self.sign_ups.find(link.email, link.subject_id)
        if sign_up is None:
            raise LinkInvalidError
        return link, sign_up


def _is_own(sign_up: SignUp, ticket: SignUpTicket | None) -> bool:
    return (
        ticket is not None
        and ticket.sign_up_id == sign_up.id
        and hmac.compare_digest(ticket.secret.digest, sign_up.browser_digest)
    )
