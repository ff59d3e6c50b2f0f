"""At most so many requested mails an hour to one address; no answer ever shows it (`B14`)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.domain.addresses import AddressKeys
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.mail import MailRequest
    from chalicelib.storage.mail_counts import MailCounts

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MailCap:
    """Counts the mails that were asked for, off the request path."""

    counts: MailCounts
    keys: AddressKeys
    clock: Clock

    def admits(self, request: MailRequest) -> bool:
        """Say whether the worker may act on a request; asking again for the same one is free."""
        admitted = self.counts.admit(self.keys.of(request.email), request.id, self.clock())
        if not admitted:
            _log.info("mail_capped", extra={"kind": request.kind, "asked_by": request.request_id})
        return admitted
