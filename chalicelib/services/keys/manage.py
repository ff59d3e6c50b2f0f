"""An account's API keys: created and deleted by its owner or admins, revoked when they leak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.audit.event import AuditEvent, EventName, Party, PartyType
from chalicelib.domain.keys.api_key import ApiKey, ApiKeySecret
from chalicelib.domain.mail import Job, JobKind, Mail
from chalicelib.domain.sign_in.session import require_fresh_proof
from chalicelib.domain.tokens import digest

if TYPE_CHECKING:
    from datetime import timedelta

    from chalicelib.domain.clock import Clock
    from chalicelib.domain.lists import PageRequest, Slice
    from chalicelib.domain.origin import RequestOrigin
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.gateways.mail.mailer import Mailer
    from chalicelib.gateways.mail.queue import JobQueue
    from chalicelib.storage.accounts.accounts import Accounts
    from chalicelib.storage.keys.api_keys import ApiKeys
    from chalicelib.storage.users.account_admin import AccountAdmins


@dataclass(frozen=True)
class ApiKeyService:
    """The keys of the account that an owner or admin has open."""

    keys: ApiKeys
    accounts: Accounts
    account_admins: AccountAdmins
    queue: JobQueue
    mailer: Mailer
    clock: Clock
    proof: timedelta

    def create(self, account_admin: AccountAdmin, name: str) -> tuple[ApiKey, ApiKeySecret]:
        """Create a key; its secret exists in this answer alone (`F3`).

        Raises ProofRequiredError (`D9`), TooManyKeysError.
        """
        now = self.clock()
        require_fresh_proof(account_admin.proved_at, now, self.proof)
        secret = ApiKeySecret.new()
        key = ApiKey.new(account_admin, name, now)
        event = account_admin.event(EventName.API_KEY_CREATED, now, key.party)
        self.keys.add(key, secret.digest, account_admin, event)
        return key, secret

    def page(self, account_admin: AccountAdmin, asked: PageRequest) -> Slice[ApiKey]:
        """List the account's keys, newest first."""
        return self.keys.page(account_admin.account_id, asked)

    def find(self, account_admin: AccountAdmin, key_id: str) -> ApiKey:
        """Return one key; raises NotFoundError."""
        return self.keys.get(account_admin.account_id, key_id)

    def delete(self, account_admin: AccountAdmin, key_id: str) -> None:
        """Delete a key: the next call with it fails; raises ProofRequiredError, NotFoundError."""
        now = self.clock()
        require_fresh_proof(account_admin.proved_at, now, self.proof)
        listed = self.keys.find(account_admin.account_id, key_id)
        event = account_admin.event(EventName.API_KEY_DELETED, now, listed.key.party)
        self.keys.remove(listed, account_admin, event)

    def report_leaked(self, text: str, origin: RequestOrigin) -> None:
        """Revoke the keys in a text, whatever surrounds them (`F12`).

        The requests depend on the text alone: one for each key in it, at least one, and one
        message. So a report doesn't reveal whether a key was live (`F8`). Anyone who holds a key
        may revoke it.
        """
        found, now = [key.digest for key in ApiKeySecret.find(text)] or [digest(text)], self.clock()
        for each in found:
            self.keys.revoke(each, now)
        details = {"digest": " ".join(found)}
        self.queue.put(Job.asked_by(origin, JobKind.API_KEY_LEAKED, "", now, details))

    def send_mail(self, request: Job) -> None:
        """Mail the owner and admins about each revoked key, then remove it from their list.

        In this order, so that a retry after a failed mail still finds the key.
        """
        for found in request.details.get("digest", "").split():
            listed = self.keys.find_revoked(found)
            if listed is not None:
                self._send_mail(listed.key, request)
                self.keys.remove_revoked(listed, _revoked(listed.key, request))

    def _send_mail(self, key: ApiKey, request: Job) -> None:
        context = {
            "name": None,
            "key_name": key.name,
            "account_name": self.accounts.get(key.account_id).name,
            **request.asked,
        }
        self.mailer.send_each(
            Mail(user.email.value, "api_key_leaked", {**context, "name": user.name})
            for user in self.account_admins.of(key.account_id)
        )


def _revoked(key: ApiKey, request: Job) -> AuditEvent:
    finder, at = Party(PartyType.ANONYMOUS), request.asked_at
    return AuditEvent(
        EventName.API_KEY_REVOKED, key.account_id, at, finder, request.origin, key.party
    )
