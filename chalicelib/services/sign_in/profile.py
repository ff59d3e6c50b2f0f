"""A signed-in user's own name and password, and proving again who they are."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import EventName
from chalicelib.domain.errors import WrongPasswordError
from chalicelib.domain.mail import Job, JobKind
from chalicelib.domain.passwords.policy import PasswordContext
from chalicelib.domain.sign_in.lockout import AttemptStep
from chalicelib.domain.sign_in.session import require_own_proof
from chalicelib.services.sign_in.password_check import GivenPassword, StoredPassword

if TYPE_CHECKING:
    from chalicelib.domain.clock import Clock
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.passwords.hashing import PasswordHasher
    from chalicelib.domain.passwords.policy import PasswordPolicy
    from chalicelib.domain.sign_in.known_browser import Browser, DeviceCookies
    from chalicelib.domain.sign_in.session import Session
    from chalicelib.domain.user import User
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.services.sign_in.password_check import PasswordCheck
    from chalicelib.storage.sessions.sessions import Sessions
    from chalicelib.storage.users.credentials import Credentials
    from chalicelib.storage.users.users import Users

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProfileService:
    """What a user changes about themselves; a current password counts as an attempt (`A9`)."""

    users: Users
    sessions: Sessions
    credentials: Credentials
    check: PasswordCheck
    devices: DeviceCookies
    queue: JobQueue
    hasher: PasswordHasher
    policy: PasswordPolicy
    clock: Clock
    product_name: str

    def rename(self, user: User, session: Session, name: str, origin: RequestOrigin) -> None:
        """Give a user another display name, and write it to the audit log of each account.

        Raises ProofRequiredError.
        """
        require_own_proof(session, user)
        if name == user.name:
            return
        self.users.rename(user.id, name)
        details = {
            "user_id": user.id,
            "event": EventName.USER_RENAMED.value,
            "old_name": user.name,
            "new_name": name,
        }
        email = user.email.value
        self.queue.put_notice(
            Job.asked_by(origin, JobKind.PERSONAL_EVENT, email, self.clock(), details)
        )

    def prove(self, user: User, session: Session, password: str, browser: Browser) -> Session:
        """Make a session's proof fresh again, and return it; raises WrongPasswordError."""
        self._check(user, session, password, browser, "password")
        now = self.clock()
        self.sessions.prove_by_password(session.id, now)
        return replace(session, proved_at=now, password_proved_at=now)

    def change_password(
        self, user: User, session: Session, current: str, new: str, browser: Browser
    ) -> str:
        """Set a new password, end all other sessions and links, and return the device cookie.

        Raises WrongPasswordError, WeakPasswordError.
        """
        self._check(user, session, current, browser, "current_password")
        chosen = self.policy.check(new, PasswordContext.of(user, self.product_name))
        now = self.clock()
        self.credentials.change_password(user, session, self.hasher.hash(chosen.value), now)
        details = {
            "name": user.name,
            "user_id": user.id,
            "event": EventName.USER_PASSWORD_CHANGED.value,
        }
        self.queue.put_notice(
            Job.asked_by(browser.origin, JobKind.PASSWORD_CHANGED, user.email.value, now, details)
        )
        known = self.devices.read(browser.device_cookie, user.email)
        return self.devices.issue(
            user.email, user.credentials_version + 1, known, user.sessions_version
        )

    def _check(
        self, user: User, session: Session, password: str, browser: Browser, param: str
    ) -> None:
        now, step = self.clock(), AttemptStep.PROOF
        given = GivenPassword(
            user.email, password, step, browser, now, user.id, in_own_session=session.is_own
        )
        refusal = WrongPasswordError(param=param)
        proved = self.check.verify(given, lambda _: StoredPassword(user.password_hash), refusal)
        self.check.forgive(proved)
        _log.info("authentication_succeeded", extra=given.trace)
