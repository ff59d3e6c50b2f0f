"""Updates by botocore: all that AWS's own SDK knows, at sixteen times the CPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.storage.updates import UpdateRefusedError, UpdateUndecidedError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class SdkUpdates:
    """Sends updates with a botocore client."""

    client: Any

    def update(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Update a row; raises UpdateRefusedError, UpdateUndecidedError."""
        try:
            answer: Mapping[str, Any] = self.client.update_item(**request)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "ConditionalCheckFailedException":
                raise UpdateRefusedError(error.response.get("Item") or {}) from error
            # Without DynamoDB's message: of a wrong signature it tells what was signed.
            raise UpdateUndecidedError(code) from None
        except BotoCoreError as error:
            raise UpdateUndecidedError(type(error).__name__) from error
        return answer
