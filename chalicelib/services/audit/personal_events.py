"""Events about a user, written by the worker to the audit log of each of their accounts.

A failed sign-in queues one message of one shape for every email. Only the worker looks up the user,
and writes nothing for an unknown email.
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

_ANONYMOUS = Party(PartyType.ANONYMOUS)
_SYSTEM = Party(PartyType.SYSTEM)
_DETAILS = ("how", "old_email", "new_email", "old_name", "new_name")


@dataclass(frozen=True)
class PersonalEventService:
    """Writes failed passwords, lockouts and changed credentials to the audit logs of a user."""

    users: Users
    audit: AuditWriter
    # How many attempts refused by a lockout are written; a stranger can make any number of them.
    refusals: HourlyCaps

    def record(self, request: Job) -> None:
        """Write the events of a message; a redelivered message changes nothing."""
        if request.kind.audit is Audit.FAILURE:
            self._write_failure(request)
        elif request.kind.audit is Audit.NAMED_EVENT and "event" in request.details:
            self._write_change(request)

    def _write_failure(self, request: Job) -> None:
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
        details = {"method": method, "reason": reason.value, "step": step}
        self._write(user, request, EventName.SIGN_IN_REFUSED, _ANONYMOUS, details)
        stops = bool(request.details.get("stops"))
        if stops or request.details.get("locks"):
            # Events are sorted by time: add 1 µs so that `locked` follows the refusal behind it.
            later = replace(request, asked_at=request.asked_at + timedelta(microseconds=1))
            ends = {"method": method, "ends_by": "password_reset" if stops else "time"}
            self._write(user, later, EventName.SIGN_IN_LOCKED, _SYSTEM, ends)

    def _write_change(self, request: Job) -> None:
        payload = request.details
        user = self.users.get(payload["user_id"])
        if user is None:
            return
        details = {name: payload[name] for name in _DETAILS if name in payload}
        self._write(user, request, EventName(payload["event"]), user.party, details)

    def _write(
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
            self.audit.append(replace(event, account_id=account_id))


def _reason(user: User, sso: DomainSso | None, request: Job) -> RefusalReason:
    if not request.details.get("checked"):
        return RefusalReason.LOCKED
    if not user.may_use_password(sso):
        return RefusalReason.SSO_REQUIRED
    if user.password_hash is None:
        return RefusalReason.NO_PASSWORD
    return RefusalReason.WRONG_PASSWORD
