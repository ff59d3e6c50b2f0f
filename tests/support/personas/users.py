"""Users and their rows, as tests write them into a store."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.origin import Client
from chalicelib.domain.sign_in.link import Link, LinkPurpose
from chalicelib.domain.sign_in.session import Session, SignInMethod
from chalicelib.domain.sign_in.sign_up import SignUp
from chalicelib.domain.tokens import SecretToken, new_id

if TYPE_CHECKING:
    from chalicelib.domain.user import User

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ROBIN = EmailAddress("robin@acme.test")
BROWSER = Client("192.0.2.7", "Test/1.0")


@dataclass
class StoppedClock:
    """A clock that a test sets."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        """Return its time."""
        return self.now

    @classmethod
    def near_now(cls) -> StoppedClock:
        """Stop at the real time, which identity providers and python3-saml use."""
        return cls(datetime.now(UTC).replace(microsecond=0))

    def advance(self, by: timedelta) -> None:
        """Move the time forward."""
        self.now += by


def a_sign_up(email: EmailAddress = ROBIN, account_name: str = "Acme") -> SignUp:
    """Make a sign-up that isn't stored yet."""
    return SignUp(
        id=new_id("sup"),
        email=email,
        name="Robin",
        account_name=account_name,
        browser_digest=SecretToken.new().digest,
        created_at=NOON,
        password_hash="$argon2id$made-up",
    )


def a_link(sign_up: SignUp, expires_at: datetime = NOON + timedelta(hours=24)) -> Link:
    """Make a confirmation link that isn't stored yet."""
    return Link(
        digest=SecretToken.new().digest,
        purpose=LinkPurpose.CONFIRM_SIGN_UP,
        email=sign_up.email,
        subject_id=sign_up.id,
        expires_at=expires_at,
    )


def a_users_link(
    user: User,
    purpose: LinkPurpose,
    email: EmailAddress | None = None,
    expires_at: datetime = NOON + timedelta(hours=1),
) -> Link:
    """Make a link of a user, as they are now, that isn't stored yet."""
    return Link(
        digest=SecretToken.new().digest,
        purpose=purpose,
        email=email or user.email,
        subject_id=user.id,
        expires_at=expires_at,
        user_email=user.email.value,
        credentials_version=user.credentials_version,
    )


def a_session(user_id: str, account_id: str | None = None) -> Session:
    """Make a session that isn't stored yet."""
    return Session(
        id=SecretToken.new().digest,
        user_id=user_id,
        account_id=account_id,
        method=SignInMethod.PASSWORD,
        credentials_version=1,
        started_at=NOON,
        last_seen_at=NOON,
        proved_at=NOON,
        client=BROWSER,
    )
