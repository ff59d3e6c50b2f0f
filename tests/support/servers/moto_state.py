"""What moto holds in this process, copied out and put back: far cheaper than making it again."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.ses.models import ses_backends
from moto.sqs.models import sqs_backends

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class MotoState:
    """The tables, the sent mails and the waiting messages of one moment."""

    region: str
    tables: bytes
    sent: bytes
    waiting: bytes

    @classmethod
    def taken(cls, region: str) -> MotoState:
        """Copy what is there now."""
        return cls(
            region,
            packed(region, _tables(region)),
            pickle.dumps(_sent(region), pickle.HIGHEST_PROTOCOL),
            pickle.dumps(_waiting(region), pickle.HIGHEST_PROTOCOL),
        )

    def restore(self) -> None:
        """Put copies in the place of all that is there; the queues themselves stay."""
        _tables(self.region).clear()
        unpack(self.region, self.tables)
        _sent(self.region)[:] = pickle.loads(self.sent)  # noqa: S301 - `taken` wrote it
        waiting = pickle.loads(self.waiting)  # noqa: S301 - as above
        for name, queue in _queues(self.region).items():
            queue._messages[:] = waiting.get(name, [])  # noqa: SLF001 - no public way


def packed(region: str, names: Iterable[str]) -> bytes:
    """Copy some tables."""
    found = {name: _tables(region)[name] for name in names}
    return pickle.dumps(found, pickle.HIGHEST_PROTOCOL)


def unpack(region: str, tables: bytes) -> None:
    """Add copies of tables to those that are there."""
    _tables(region).update(pickle.loads(tables))  # noqa: S301 - `packed` wrote it


def number_of_tables(region: str) -> int:
    """Count the tables that are there."""
    return len(_tables(region))


def has_messages_in_flight(region: str) -> bool:
    """Whether a message was received and neither deleted nor given back."""
    return any(queue.pending_messages for queue in _queues(region).values())


def _tables(region: str) -> Any:
    return dynamodb_backends[DEFAULT_ACCOUNT_ID][region].tables


def _sent(region: str) -> Any:
    return ses_backends[DEFAULT_ACCOUNT_ID][region].sent_messages


def _queues(region: str) -> Any:
    return sqs_backends[DEFAULT_ACCOUNT_ID][region].queues


def _waiting(region: str) -> Any:
    # No public view has all of them.
    return {name: queue._messages for name, queue in _queues(region).items()}  # noqa: SLF001
