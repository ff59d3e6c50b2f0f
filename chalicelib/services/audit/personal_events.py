"""What concerns a person as such, told to each account they are in, off the request path.

A failed sign-in leaves one message, alike for everybody; only here is it looked up whose address it
was. An address that is nobody's is told to no account.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import AuditEvent, EventName, Party, PartyType, RefusalReason
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.mail import Audit
from chalicelib.domain.sign_in.session import SignInMethod
from chalicelib.domain.tokens import derived_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from chalicelib.domain.mail import Job
    from chalicelib.domain.sso.provider import DomainSso
    from chalicelib.domain.user import User
    from chalicelib.storage.audit.hourly_caps import HourlyCaps
    from chalicelib.storage.audit.trail import AuditWriter
    from chalicelib.storage.users.users import Users

_SOMEBODY = Party(PartyType.ANONYMOUS)
_SYSTEM = Party(PartyType.SYSTEM)
_TOLD = ("how", "old_email", "new_email", "old_name", "new_name")


@dataclass(frozen=True)
class PersonalEventService:
    """Failed passwords, locks, and changed credentials, in the trails of a person's accounts."""

    users: Users
    trail: AuditWriter
    # How many attempts that a lock refuses are told: they cost a stranger nothing.
    refusals: HourlyCaps

    def tell(self, request: Job) -> None:
        """Tell what a message is about; the same message again changes nothing."""
        if request.kind.audit is Audit.FAILURE:
            self._tell_of_failure(request)
        elif request.kind.audit is Audit.NAMED_EVENT and "event" in request.details:
            self._tell_of_change(request)

    def _tell_of_failure(self, request: Job) -> None:
        record = self.users.look_up(EmailAddress(request.email))
        user = self.users.get(record.user_id)
        if user is None:
            return
        reason = _reason(user, record.sso, request)
        if reason is RefusalReason.LOCKED and not self.refusals.admit(
            user.id, request.id, request.asked_at
        ):
            return
        method = SignInMethod.PASSWORD.value
        step = request.details.get("step", "")
        told = {"method": method, "reason": reason.value, "step": step}
        self._tell(user, request, EventName.SIGN_IN_REFUSED, _SOMEBODY, told)
        stops = bool(request.details.get("stops"))
        if stops or request.details.get("locks"):
            # A moment later: an event's place is its time, and the lock came of the attempt.
            later = replace(request, asked_at=request.asked_at + timedelta(microseconds=1))
            ends = {"method": method, "ends_by": "password_reset" if stops else "time"}
            self._tell(user, later, EventName.SIGN_IN_LOCKED, _SYSTEM, ends)

    def _tell_of_change(self, request: Job) -> None:
        details = request.details
        user = self.users.get(details["user_id"])
        if user is None:
            return
        told = {name: details[name] for name in _TOLD if name in details}
        self._tell(user, request, EventName(details["event"]), user.party, told)

    def _tell(
        self,
        user: User,
        request: Job,
        name: EventName,
        actor: Party,
        details: Mapping[str, Any],
    ) -> None:
        event = AuditEvent(
            name=name,
            account_id="",
            at=request.asked_at,
            actor=actor,
            origin=request.origin,
            target=user.party,
            details=details,
            id=derived_id("evt", request.id, name.value),
        )
        for account_id in user.memberships:
            self.trail.append(replace(event, account_id=account_id))


def _reason(user: User, sso: DomainSso | None, request: Job) -> RefusalReason:
    if not request.details.get("checked"):
        return RefusalReason.LOCKED
    if not user.may_use_password(sso):
        return RefusalReason.SSO_REQUIRED
    if user.password_hash is None:
        return RefusalReason.NO_PASSWORD
    return RefusalReason.WRONG_PASSWORD
