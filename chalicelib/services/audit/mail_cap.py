"""Caps on requested mails: by kind and email, by known browser, and by source (`B14`)."""

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
    """Counts requested mails in the worker; a redelivered message is counted once."""

    counts: HourlyCaps
    sources: HourlyCaps
    # One source can use only a share of an email's mails. Extras come on top for a source that has
    # used its share. They are counted by email alone, so that racing sources don't get more.
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
        """Count by source first, so that a source over its cap uses up no email's count."""
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
        """Count a mail that a stranger may have asked for; one source can't use up the cap."""
        email_key = self.keys.of(request.email)
        own = f"{request.kind}#{source}#{email_key}"
        if self.shares.admit(own, request.id, self.clock()):
            try:
                self._count(request, Cap.ADDRESS, email_key)
            except MailCappedError:
                # Extras are for sources whose share was sent, so this place is given back.
                self.shares.take_back(own, request.id, self.clock())
                raise
        elif not self.extras.admit(f"{request.kind}#{email_key}", request.id, self.clock()):
            raise MailCappedError(Cap.ADDRESS)

    def _inside(self, request: Job) -> Iterator[tuple[Cap, str]]:
        """Yield the counts of a mail that a signed-in user asked for, or that a lockout caused."""
        details, email_key = request.details, self.keys.of(request.email)
        if request.kind.cap is Cap.USER:
            yield Cap.USER, details["user_id"]
        elif request.kind.cap is Cap.INVITER:
            # By inviter too, or an inviter with two hundred accounts could send to one email two
            # hundred times.
            yield Cap.INVITER, f"{email_key}#{details.get('inviter_id', '')}"
            yield Cap.ADDRESS, f"{email_key}#{details['account_id']}"
        else:
            yield Cap.ADDRESS, f"{email_key}#{details.get('device', '')}"

    def _count(self, request: Job, cap: Cap, key: str) -> None:
        subject = f"{request.kind}#{cap}#{key}"
        if not self.counts.admit(subject, request.id, self.clock()):
            raise MailCappedError(cap)

    def _known_browser(self, request: Job) -> str | None:
        """Return the key of the browser that asked, if it is known and its cookie is current."""
        device = device_of(request.details)
        if device is None:
            return None
        record = self.users.look_up(EmailAddress(request.email))
        user = self.users.get(record.user_id)
        return device.id if is_current(device, user) else None
