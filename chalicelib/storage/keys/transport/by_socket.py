"""Updates by our own HTTP request, over a socket that stays open.

The SDK's general machinery is nearly all that a key's check costs; the request itself is a
signature and a line of JSON. Decision 0090 gives the reasons, and what may be sent again.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from chalicelib.storage.keys.transport.http import BrokenAnswerError
from chalicelib.storage.keys.transport.server_time import ServerTime
from chalicelib.storage.keys.transport.transport import (
    ClockCorrectedError,
    UpdateRefusedError,
    UpdateUndecidedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.storage.keys.transport.connections import KeptConnections
    from chalicelib.storage.keys.transport.signing import AwsCredentials, Signer

_TARGET = "DynamoDB_20120810.UpdateItem"
_REFUSED = "ConditionalCheckFailedException"
_OLD_CREDENTIALS = frozenset(
    ("ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId")
)
_WRONG_TIME = frozenset(("InvalidSignatureException", "RequestTimeTooSkewed", "RequestExpired"))
# AWS accepts five minutes; a signature that is rejected within them is wrong for another reason.
_SKEW_SECONDS = 240
# Each of these says that nothing was written. A 500 or 503 with another code doesn't.
_TURNED_AWAY = frozenset(
    (
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionConflictException",
    )
)
_PAUSE_SECONDS = 0.1
_OK, _BAD_REQUEST = 200, 400
_ENCODER = json.JSONEncoder(separators=(",", ":"))


class DirectUpdates:
    """Sends updates over open sockets; credentials and clock corrections are shared."""

    def __init__(
        self,
        connections: KeptConnections,
        signer: Signer,
        read_credentials: Callable[[], AwsCredentials],
        clock: Callable[[], float] = time.time,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connections = connections
        self._signer = signer
        self._read_credentials = read_credentials
        self._clock = clock
        self._pause = pause
        self._credentials = read_credentials()
        self._time = ServerTime()

    @property
    def ahead(self) -> float:
        """Return how many seconds this machine's clock is ahead of DynamoDB's."""
        return self._time.ahead

    def update(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Update a row; raises UpdateRefusedError, ClockCorrectedError, UpdateUndecidedError."""
        body = _ENCODER.encode(request).encode("ascii")
        ahead = self.ahead
        try:
            status, code, said = self._ask(body)
            if code and self._may_ask_again(code):
                status, code, said = self._ask(body)
            self._demand_own(request, said)
        except (OSError, BrokenAnswerError, RecursionError, ValueError) as error:
            # After such an answer, nothing on this socket can be trusted.
            self.close()
            is_ours = isinstance(error, BrokenAnswerError)
            raise UpdateUndecidedError(str(error) if is_ours else type(error).__name__) from error
        if status == _OK:
            return said
        if status == _BAD_REQUEST and code == _REFUSED:
            raise UpdateRefusedError(said.get("Item", {}))
        if code in _WRONG_TIME and abs(self.ahead - ahead) >= _SKEW_SECONDS:
            # Not sent again unchanged, because its time is wrong too.
            raise ClockCorrectedError(code)
        # Never log DynamoDB's message: for a wrong signature it repeats what was signed, the token
        # too.
        message = f"{status} {code}"
        raise UpdateUndecidedError(message)

    def close(self) -> None:
        """Close the open sockets; the next update opens one."""
        self._connections.close()

    def _ask(self, body: bytes) -> tuple[int, str, dict[str, Any]]:
        sent = self._clock()
        head = self._signer.head(_TARGET, body, self._credentials, sent - self.ahead)
        answer = self._connections.ask(head + body)
        self._time.learn(answer.header(b"date").decode("latin-1"), sent, self._clock())
        said = json.loads(answer.body.decode())
        if not isinstance(said, dict):
            raise BrokenAnswerError("JSON that is no object")
        code = said.get("__type", "")
        if not isinstance(code, str) or (answer.status == _OK) is bool(code):
            raise BrokenAnswerError("an answer that is no answer and no error")
        return answer.status, code.rpartition("#")[2], said

    def _demand_own(self, request: Mapping[str, Any], said: Mapping[str, Any]) -> None:
        """Reject an answer that names another key than the request.

        Nothing else ties the two together: if an answer was ever sent twice, each later answer on
        that socket would be read for the wrong request, and a key would work for another's account.
        """
        for name in ("Attributes", "Item"):
            row = said.get(name, {})
            if not isinstance(row, dict):
                raise BrokenAnswerError("a row that is no object")
            if row and any(row.get(key) != value for key, value in request["Key"].items()):
                raise BrokenAnswerError("another row's answer")

    def _may_ask_again(self, code: str) -> bool:
        """Check whether the cause of a refusal may be gone now.

        Such a request was never carried out, so it may be sent again.
        """
        if code in _TURNED_AWAY:
            self._pause(_jitter())
            return True
        if code in _OLD_CREDENTIALS:
            old, self._credentials = self._credentials, self._read_credentials()
            return self._credentials != old
        return False


def _jitter() -> float:
    # Imported here: the import takes as long as a check, and few checks need it.
    from random import uniform

    return uniform(0, _PAUSE_SECONDS)  # noqa: S311 - no secret hangs on it
