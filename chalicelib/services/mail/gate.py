"""The last word on each mail before it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.mail import Mail
    from chalicelib.storage.mail.suppressions import Suppressions


@dataclass(frozen=True)
class MailGate:
    """Reads the suppression list for the email that a mail is really sent to.

    In the worker alone, so no answer to a request depends on the list.
    """

    suppressions: Suppressions
    clock: Clock

    def reason_to_stop(self, mail: Mail) -> str | None:
        """Return why a mail isn't sent, or None."""
        return self.suppressions.find(mail.to).stops(mail, self.clock())
