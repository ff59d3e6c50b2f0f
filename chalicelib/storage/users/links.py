"""Emailed links under the digest of their token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import LinkInvalidError
from chalicelib.domain.mail import SourceEntry
from chalicelib.domain.sign_in.link import Link, LinkOrigin, LinkPurpose
from chalicelib.domain.tokens import MalformedTokenError, SecretToken
from chalicelib.storage.dynamo.tables import LinkRow

if TYPE_CHECKING:
    from datetime import datetime

    from pynamodb.expressions.condition import Condition

    from chalicelib.domain.accounts.invitations import Invitation
    from chalicelib.domain.user import User, WayBack


@dataclass(frozen=True)
class Links:
    """The outstanding links; using one is part of the transaction that does its work."""

    def add(self, link: Link) -> None:
        """Store a link that is about to be mailed."""
        LinkRow(
            link.digest,
            purpose=link.purpose.value,
            email=link.email.value,
            subject_id=link.subject_id,
            expires_at=link.expires_at,
            user_email=link.user_email,
            credentials_version=link.credentials_version,
            sessions_version=link.sessions_version,
            known_browser=link.known_browser,
            account_id=link.account_id,
            source_count=link.source.count or None,
            source_entry=link.source.message_id or None,
            ttl=link.expires_at,
        ).save(condition=LinkRow.digest.does_not_exist())

    def issue(
        self,
        purpose: LinkPurpose,
        email: EmailAddress,
        subject_id: str,
        expires_at: datetime,
        user: User | None = None,
        origin: LinkOrigin = LinkOrigin(),  # noqa: B008 - frozen, so all calls can share it
    ) -> str:
        """Create a link, store its digest, and return its token for the mail.

        A user's link is bound to their present email and password (`C4`).
        """
        token = SecretToken.new()
        self.add(
            Link(
                digest=token.digest,
                purpose=purpose,
                email=email,
                subject_id=subject_id,
                expires_at=expires_at,
                user_email=user.email.value if user else "",
                credentials_version=user.credentials_version if user else 0,
                sessions_version=user.sessions_version if user else None,
                known_browser=origin.known_browser,
                source=origin.source,
            )
        )
        return token.value

    def issue_undo(self, user_id: str, email: EmailAddress, way_back: WayBack) -> str:
        """Create the link that undoes a change of email, and return its token for the mail."""
        token = SecretToken.new()
        self.add(
            Link(
                digest=token.digest,
                purpose=LinkPurpose.UNDO_EMAIL_CHANGE,
                email=email,
                subject_id=user_id,
                expires_at=way_back.until,
                sessions_version=way_back.version,
            )
        )
        return token.value

    def issue_for(self, invitation: Invitation, expires_at: datetime) -> str:
        """Create another link for an invitation, and return its token for the mail."""
        token = SecretToken.new()
        self.add(
            Link(
                digest=token.digest,
                purpose=LinkPurpose.INVITATION,
                email=invitation.email,
                subject_id=invitation.id,
                expires_at=expires_at,
                account_id=invitation.account_id,
            )
        )
        return token.value

    def find(self, token: str, now: datetime, *purposes: LinkPurpose) -> Link:
        """Read a link without spending it; raises LinkInvalidError for a wrong or expired one."""
        try:
            digest = SecretToken.parse(token).digest
        except MalformedTokenError as error:
            raise LinkInvalidError from error
        try:
            row = LinkRow.get(digest, consistent_read=True)
        except LinkRow.DoesNotExist as error:
            raise LinkInvalidError from error
        if row.purpose not in purposes or row.expires_at <= now:
            raise LinkInvalidError
        return Link(
            digest=row.digest,
            purpose=LinkPurpose(row.purpose),
            email=EmailAddress(row.email),
            subject_id=row.subject_id,
            expires_at=row.expires_at,
            user_email=row.user_email or "",
            credentials_version=int(row.credentials_version or 0),
            sessions_version=_number(row.sessions_version),
            known_browser=row.known_browser or "",
            account_id=row.account_id or "",
            source=SourceEntry(row.source_count or "", row.source_entry or ""),
        )


def _number(stored: float | None) -> int | None:
    return None if stored is None else int(stored)


def usable(link: Link, now: datetime) -> Condition:
    """Return the condition that a link may still be spent for its purpose."""
    condition: Condition = (
        (LinkRow.purpose == link.purpose.value)
        & (LinkRow.email == link.email.value)
        & (LinkRow.subject_id == link.subject_id)
        & (LinkRow.expires_at > now)
    )
    return condition & (LinkRow.account_id == link.account_id) if link.account_id else condition
