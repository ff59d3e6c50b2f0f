"""The audit log and the caps on mail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.bootstrap.by_need import by_need
from chalicelib.bootstrap.flows.base import Flows

if TYPE_CHECKING:
    from chalicelib.services.audit.log import AuditLogService
    from chalicelib.services.audit.mail_cap import MailCapService
    from chalicelib.services.audit.personal_events import PersonalEventService

_MAIL_WINDOW = timedelta(hours=1)
# Of the attempts that a lockout refuses, so many an hour are written for one user: a flood must not
# fill their accounts' audit logs.
_REFUSALS_WRITTEN = 60


class AuditFlows(Flows):
    """The audit log and the caps on mail."""

    @by_need
    def mail_cap(self) -> MailCapService:
        from chalicelib.services.audit.mail_cap import MailCapService
        from chalicelib.storage.audit.hourly_caps import HourlyCaps

        maximum = self.settings.mails_per_hour
        share = (maximum + 1) // 2
        return MailCapService(
            counts=HourlyCaps(maximum, _MAIL_WINDOW),
            shares=HourlyCaps(share, _MAIL_WINDOW, counted="mail_shares"),
            extras=HourlyCaps(maximum - share, _MAIL_WINDOW, counted="mail_extras"),
            sources=self.shared.source_mails,
            users=self.shared.users,
            keys=self.shared.address_keys,
            clock=self.clock,
        )

    @by_need
    def audit_log(self) -> AuditLogService:
        from chalicelib.services.audit.log import AuditLogService
        from chalicelib.storage.audit.log import AuditLog

        log = AuditLog(self.shared.connection, self.shared.audit)
        return AuditLogService(log, self.shared.users, self.clock)

    @by_need
    def personal_events(self) -> PersonalEventService:
        from chalicelib.services.audit.personal_events import PersonalEventService
        from chalicelib.storage.audit.hourly_caps import HourlyCaps

        refusals = HourlyCaps(_REFUSALS_WRITTEN, timedelta(hours=1), counted="refusals")
        return PersonalEventService(self.shared.users, self.shared.audit, refusals)
