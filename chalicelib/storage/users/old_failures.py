"""Failures at an email from before a user had it; they must not stop the first password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.storage.users.lockout_counts import clear

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from chalicelib.domain.email_address import EmailAddress
    from chalicelib.domain.origin import Client
    from chalicelib.domain.sign_in.attempt_keys import AttemptKeyMaker
    from chalicelib.storage.dynamo.transaction import Transaction


@dataclass(frozen=True)
class OldFailures:
    """Clears such failures in every transaction that gives an email to a user."""

    keys: AttemptKeyMaker

    def forgotten(
        self, email: EmailAddress, now: datetime, client: Client | None
    ) -> Callable[[Transaction], None]:
        """Return a function that clears the counts of the email and of its new user's source.

        `client` is None where an operator creates the user.
        """
        counts = [self.keys.address(email)]
        if client is not None:
            counts.append(self.keys.pair(email, client))

        def forget(tx: Transaction) -> None:
            for key in counts:
                clear(tx, key, now)

        return forget
