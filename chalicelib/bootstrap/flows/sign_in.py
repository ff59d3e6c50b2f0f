"""Sign-in, sign-up and what a user changes about themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from chalicelib.bootstrap.by_need import by_need
from chalicelib.bootstrap.flows.base import Flows

if TYPE_CHECKING:
    from chalicelib.services.sign_in.email_change import EmailChangeService
    from chalicelib.services.sign_in.email_confirmation import EmailConfirmationService
    from chalicelib.services.sign_in.new_session import NewSession
    from chalicelib.services.sign_in.password import SignInService
    from chalicelib.services.sign_in.password_reset import PasswordResetService
    from chalicelib.services.sign_in.profile import ProfileService
    from chalicelib.services.sign_in.sessions import SessionService
    from chalicelib.services.sign_in.sign_up import SignUpService
    from chalicelib.services.sign_in.unlock import UnlockService

# Mails a day to an email that already has a user, so that sign-ups by strangers can't fill its
# mailbox.
_TAKEN_MAILS = 1


class SignInFlows(Flows):
    """Sign-in, sign-up and what a user changes about themselves."""

    @by_need
    def sign_in(self) -> SignInService:
        from chalicelib.services.sign_in.password import SignInService

        return SignInService(
            users=self.shared.users,
            domains=self.shared.domains,
            check=self.shared.password_check,
            new_session=self.shared.new_session,
            hasher=self.shared.hasher,
            clock=self.clock,
        )

    @by_need
    def new_session(self) -> NewSession:
        return self.shared.new_session

    @by_need
    def sign_up(self) -> SignUpService:
        from chalicelib.services.sign_in.sign_up import SignUpService
        from chalicelib.storage.audit.hourly_caps import HourlyCaps

        return SignUpService(
            sign_ups=self.shared.sign_ups,
            users=self.shared.users,
            links=self.shared.links,
            attempt_keys=self.shared.attempt_keys,
            devices=self.shared.devices,
            taken_mails=HourlyCaps(_TAKEN_MAILS, timedelta(days=1), counted="taken_mails"),
            queue=self.shared.queue,
            mailer=self.shared.mailer,
            hasher=self.shared.hasher,
            policy=self.shared.policy,
            clock=self.clock,
            product_name=self.settings.product_name,
            public_url=self.settings.public_url,
            link_lifetime=self.settings.confirm_link,
        )

    @by_need
    def email_confirmation(self) -> EmailConfirmationService:
        from chalicelib.services.sign_in.email_confirmation import EmailConfirmationService

        return EmailConfirmationService(
            links=self.shared.links,
            sign_ups=self.shared.sign_ups,
            users=self.shared.users,
            domains=self.shared.domains,
            changes=self.shared.email_changes,
            old_failures=self.shared.old_failures,
            check=self.shared.password_check,
            devices=self.shared.devices,
            queue=self.shared.queue,
            clock=self.clock,
            undo_lifetime=self.settings.email_change_undo,
        )

    @by_need
    def email_change(self) -> EmailChangeService:
        from chalicelib.services.sign_in.email_change import EmailChangeService

        return EmailChangeService(
            users=self.shared.users,
            links=self.shared.links,
            changes=self.shared.email_changes,
            check=self.shared.password_check,
            queue=self.shared.queue,
            mailer=self.shared.mailer,
            clock=self.clock,
            public_url=self.settings.public_url,
            link_lifetime=self.settings.email_change_link,
            undo_lifetime=self.settings.email_change_undo,
        )

    @by_need
    def account_unlock(self) -> UnlockService:
        from chalicelib.services.sign_in.unlock import UnlockService

        return UnlockService(
            users=self.shared.users,
            links=self.shared.links,
            credentials=self.shared.credentials,
            attempts=self.shared.attempts,
            attempt_keys=self.shared.attempt_keys,
            devices=self.shared.devices,
            queue=self.shared.queue,
            mailer=self.shared.mailer,
            clock=self.clock,
            public_url=self.settings.public_url,
            link_lifetime=self.settings.unlock_link,
        )

    @by_need
    def password_reset(self) -> PasswordResetService:
        from chalicelib.services.sign_in.password_reset import PasswordResetService

        return PasswordResetService(
            users=self.shared.users,
            links=self.shared.links,
            credentials=self.shared.credentials,
            attempt_keys=self.shared.attempt_keys,
            devices=self.shared.devices,
            queue=self.shared.queue,
            mailer=self.shared.mailer,
            hasher=self.shared.hasher,
            policy=self.shared.policy,
            clock=self.clock,
            product_name=self.settings.product_name,
            public_url=self.settings.public_url,
            link_lifetime=self.settings.reset_link,
        )

    @by_need
    def profile(self) -> ProfileService:
        from chalicelib.services.sign_in.profile import ProfileService

        return ProfileService(
            users=self.shared.users,
            sessions=self.shared.sessions,
            credentials=self.shared.credentials,
            check=self.shared.password_check,
            devices=self.shared.devices,
            queue=self.shared.queue,
            hasher=self.shared.hasher,
            policy=self.shared.policy,
            clock=self.clock,
            product_name=self.settings.product_name,
        )

    @by_need
    def sessions(self) -> SessionService:
        from chalicelib.services.sign_in.sessions import SessionService

        return SessionService(
            sessions=self.shared.sessions,
            users=self.shared.users,
            devices=self.shared.devices,
            queue=self.shared.queue,
            clock=self.clock,
            proof=self.settings.proof,
            public_url=self.settings.public_url,
        )
