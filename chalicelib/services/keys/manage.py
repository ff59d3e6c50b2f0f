"""An account's API keys: made by its owner or admins, deleted, or revoked when they leaked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    managers: AccountAdmins
    queue: JobQueue
    mailer: Mailer
    clock: Clock
    proof: timedelta

    def create(self, manager: AccountAdmin, name: str) -> tuple[ApiKey, ApiKeySecret]:
        """Make a key; its secret exists in this answer alone (`F3`).

        Raises ProofRequiredError where the last proof is too old (`D9`), TooManyKeysError.
        """
        now = self.clock()
        require_fresh_proof(manager.proved_at, now, self.proof)
        secret = ApiKeySecret.new()
        key = ApiKey.new(manager, name, now)
        self.keys.add(key, secret.digest, manager)
        return key, secret

    def page(self, manager: AccountAdmin, asked: PageRequest) -> Slice[ApiKey]:
        """List the account's keys, newest first."""
        return self.keys.page(manager.account_id, asked)

    def find(self, manager: AccountAdmin, key_id: str) -> ApiKey:
        """Look at one key; raises NotFoundError."""
        return self.keys.get(manager.account_id, key_id)

    def delete(self, manager: AccountAdmin, key_id: str) -> None:
        """Delete a key, from the very next call on; raises ProofRequiredError, NotFoundError."""
        now = self.clock()
        require_fresh_proof(manager.proved_at, now, self.proof)
        self.keys.remove(key_id, manager, now)

    def report_leaked(self, text: str, origin: RequestOrigin) -> None:
        """Revoke the keys that a text holds, whatever stands around them (`F12`).

        The requests depend on the text alone: one for each key in it, at least one, and a message.
        So a report doesn't show whether a key was live (`F8`). Everyone who holds a key may end it.
        """
        found, now = [key.digest for key in ApiKeySecret.find(text)] or [digest(text)], self.clock()
        for each in found:
            self.keys.revoke(each, now)
        details = {"digest": " ".join(found)}
        self.queue.put(Job.asked_by(origin, JobKind.API_KEY_LEAKED, "", now, details))

    def send_mail(self, request: Job) -> None:
        """Tell those who manage the account of each revoked key, then take it off their list.

        In this order: when a mail fails, the key is still found the next time.
        """
        for found in request.details.get("digest", "").split():
            key = self.keys.find_revoked(found)
            if key is not None:
                self._send_mail(key, request)

    def _send_mail(self, key: ApiKey, request: Job) -> None:
        told = {
            "name": None,
            "key_name": key.name,
            "account_name": self.accounts.get(key.account_id).name,
            **request.asked,
        }
        self.mailer.send_each(
            Mail(user.email.value, "api_key_leaked", {**told, "name": user.name})
            for user in self.managers.of(key.account_id)
        )
        self.keys.remove_revoked(key, request.origin, request.asked_at)
