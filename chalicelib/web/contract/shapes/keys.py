"""Shapes of API keys and of what they read."""

from typing import Annotated, Any

import msgspec

from chalicelib.domain.keys.record import RecordStatus
from chalicelib.web.contract.shapes.common import Id, Name, Time


class CreateApiKeyBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /api/v1/api_keys`."""

    name: Name


class LeakedApiKeyBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /api/v1/api_keys/leaked`."""

    key: str


class ApiKeyAnswer(msgspec.Struct):
    """An API key as it is listed."""

    id: Id
    name: str
    created_at: Time
    last_used_at: Time | None


class NewApiKeyAnswer(msgspec.Struct):
    """An API key right after it was made: the one time that its secret is shown."""

    id: Id
    name: str
    key: Annotated[str, msgspec.Meta(pattern="^thub_[0-9A-Za-z]{32}$")]
    created_at: Time
    last_used_at: None


class KeyName(msgspec.Struct):
    """The key that a call was made with."""

    id: Id
    name: str


class AccountAnswer(msgspec.Struct):
    """The account that a key belongs to."""

    id: Id
    name: str
    key: KeyName


class RecordAnswer(msgspec.Struct):
    """A record of the account."""

    id: Id
    terminus_id: str
    workspace_id: Id
    status: RecordStatus
    data: dict[str, Any]
    created_at: Time
