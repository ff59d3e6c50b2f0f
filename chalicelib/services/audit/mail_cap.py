"""How many requested mails go out: by kind and address, by known browser, by source (`B14`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.audit.mail_caps import Cap, MailCappedError
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.mail import SourceEntry
from chalicelib.domain.sign_in.counter_keys import source_of
from chalicelib.domain.sign_in.known_browser import device_of, is_current

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.mail import Job
    from chalicelib.domain.sign_in.counter_keys import AddressKeys
    from chalicelib.storage.audit.hourly_caps import HourlyCaps
    from chalicelib.storage.users.users import Users


@dataclass(frozen=True)
class MailCapService:
    """Counts requested mails, off the request path; a message that comes again is free."""

    counts: HourlyCaps
    sources: HourlyCaps
    # Of an email's mails, those that one source can take from the others. The extras come on top
    # for a source that has taken its share. They are counted by email alone, so that many sources
    # can't get more of them by racing.
    shares: HourlyCaps
    extras: HourlyCaps
    users: Users
    keys: AddressKeys
    clock: Clock

    def admit(self, request: Job) -> Job:
        """Count a requested mail, and return the request with its place in its source's count.

        Raises MailCappedError.
        """
        if not request.is_counted:
            return request
        device = self._known_browser(request)
        if device:
            self._count(request, Cap.KNOWN_BROWSER, device)
            return request.from_known_browser
        if request.kind.cap is Cap.SOURCE:
            return self._admit_from_source(request)
        for cap, key in self._inside(request):
            self._count(request, cap, key)
        return request

    def take_back(self, request: Job) -> None:
        """Give back the place that the mail of a used link had in its source's count."""
        entry = SourceEntry.of(request.details)
        if entry.count:
            self.sources.take_back(entry.count, entry.message_id, self.clock())

    def _admit_from_source(self, request: Job) -> Job:
        """Count by source first: what a full source asks for uses up nobody's own count."""
        entry = SourceEntry(self.keys.of(source_of(request.address)), request.id)
        if not self.sources.admit(entry.count, request.id, self.clock()):
            raise MailCappedError(Cap.SOURCE)
        try:
            self._count_at_address(request, entry.count)
        except MailCappedError:
            self.sources.take_back(entry.count, request.id, self.clock())
            raise
        return replace(request, details={**request.details, **entry.details})

    def _count_at_address(self, request: Job, source: str) -> None:
        """Count among the mails that strangers ask for; no source alone uses all of them up."""
        address = self.keys.of(request.email)
        own = f"{request.kind}#{source}#{address}"
        if self.shares.admit(own, request.id, self.clock()):
            try:
                self._count(request, Cap.ADDRESS, address)
            except MailCappedError:
                # Its extra mails are only for a source whose share went out.
                self.shares.take_back(own, request.id, self.clock())
                raise
        elif not self.extras.admit(f"{request.kind}#{address}", request.id, self.clock()):
            raise MailCappedError(Cap.ADDRESS)

    def _inside(self, request: Job) -> Iterator[tuple[Cap, str]]:
        """Name the counts of a mail that a signed-in user, or a lock, asks for."""
        details, address = request.details, self.keys.of(request.email)
        if request.kind.cap is Cap.USER:
            yield Cap.USER, details["user_id"]
        elif request.kind.cap is Cap.INVITER:
            # By inviter as well, or one user's two hundred accounts would be so many counts.
            yield Cap.INVITER, f"{address}#{details.get('inviter_id', '')}"
            yield Cap.ADDRESS, f"{address}#{details['account_id']}"
        else:
            yield Cap.ADDRESS, f"{address}#{details.get('device', '')}"

    def _count(self, request: Job, cap: Cap, key: str) -> None:
        subject = f"{request.kind}#{cap}#{key}"
        if not self.counts.admit(subject, request.id, self.clock()):
            raise MailCappedError(cap)

    def _known_browser(self, request: Job) -> str | None:
        """Return the key of the browser that asked, if it is known and as new as the password."""
        device = device_of(request.details)
        if device is None:
            return None
        record = self.users.look_up(EmailAddress(request.email))
        user = self.users.get(record.user_id)
        return device.id if is_current(device, user) else None
