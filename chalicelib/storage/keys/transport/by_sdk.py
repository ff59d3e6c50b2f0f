"""Updates by botocore: everything that AWS's SDK supports, at sixteen times the CPU."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from chalicelib.storage.keys.transport.server_time import ServerTime
from chalicelib.storage.keys.transport.transport import UpdateRefusedError, UpdateUndecidedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_REFUSED = "ConditionalCheckFailedException"
# What botocore raises if an answer has another shape than it expects.
_UNREADABLE = (AttributeError, LookupError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True)
class SdkUpdates:
    """Sends updates with a botocore client."""

    client: Any
    clock: Callable[[], float] = time.time
    server_time: ServerTime = field(default_factory=ServerTime)

    @property
    def ahead(self) -> float:
        """Return how many seconds this machine's clock is ahead of DynamoDB's."""
        return self.server_time.ahead

    def update(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Update a row; raises UpdateRefusedError, UpdateUndecidedError."""
        sent = self.clock()
        try:
            answer = self.client.update_item(**request)
        except ClientError as error:
            self._learn(error.response, sent)
            code = error.response["Error"]["Code"]
            if code == _REFUSED:
                raise UpdateRefusedError(_row(error.response.get("Item", {}))) from error
            # Without DynamoDB's message: for a wrong signature it repeats what was signed.
            raise UpdateUndecidedError(code) from None
        except (BotoCoreError, ResponseParserError, *_UNREADABLE) as error:
            raise UpdateUndecidedError(type(error).__name__) from error
        self._learn(answer, sent)
        return _row(answer)

    def close(self) -> None:
        """Close the connections; the next update opens one."""
        self.client.close()

    def _learn(self, answer: Mapping[str, Any], sent: float) -> None:
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        self.server_time.learn(headers.get("date", ""), sent, self.clock())


def _row(answer: Any) -> Mapping[str, Any]:
    if not isinstance(answer, dict):
        message = "an answer of another shape"
        raise UpdateUndecidedError(message)
    return answer
