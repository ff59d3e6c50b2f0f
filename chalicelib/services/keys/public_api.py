"""What a program reads with an API key, always inside the key's own account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.errors import InvalidApiKeyError, NotFoundError
from chalicelib.domain.lists import Slice

if TYPE_CHECKING:
    from chalicelib.domain.keys.api_key import ApiKey
    from chalicelib.domain.keys.record import Record, RecordFilter
    from chalicelib.domain.lists import PageRequest
    from chalicelib.domain.user import Account, Workspace
    from chalicelib.storage.accounts.accounts import Accounts
    from chalicelib.storage.accounts.records import Records
    from chalicelib.storage.keys.api_keys import ApiKeys


@dataclass(frozen=True)
class KeyHolder:
    """The program that makes a call: its account and the id of its key."""

    account_id: str
    key_id: str


@dataclass(frozen=True)
class PublicApiService:
    """The account, its workspaces and its records."""

    accounts: Accounts
    keys: ApiKeys
    records: Records

    def who_am_i(self, holder: KeyHolder) -> tuple[Account, ApiKey]:
        """Return the account and key of a call; raises InvalidApiKeyError."""
        try:
            key = self.keys.get(holder.account_id, holder.key_id)
        except NotFoundError as error:
            # Deleted between the check and now.
            raise InvalidApiKeyError from error
        return self.accounts.get(holder.account_id), key

    def workspaces(self, holder: KeyHolder, asked: PageRequest) -> Slice[Workspace]:
        """List the account's workspaces by name."""
        return Slice.cut(self.accounts.get(holder.account_id).workspaces, asked)

    def workspace(self, holder: KeyHolder, workspace_id: str) -> Workspace:
        """Read one workspace; raises NotFoundError."""
        for workspace in self.accounts.get(holder.account_id).workspaces:
            if workspace.id == workspace_id:
                return workspace
        raise NotFoundError

    def record_page(
        self, holder: KeyHolder, asked: PageRequest, wanted: RecordFilter
    ) -> Slice[Record]:
        """List the account's records by id; raises InvalidValueError for a page too large."""
        return self.records.page(holder.account_id, asked, wanted)

    def record(self, holder: KeyHolder, record_id: str) -> Record:
        """Read one record; raises NotFoundError."""
        return self.records.get(holder.account_id, record_id)
