"""Updates by a request of our own making, on a connection that stays open.

The SDK's general machinery is nearly all that a key's check costs; the request itself is a
signature and a line of JSON. Decision 0090 says why, and what may be asked again.
"""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

from chalicelib.storage.http_answers import BrokenAnswerError
from chalicelib.storage.updates import UpdateRefusedError, UpdateUndecidedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.storage.http_answers import Answer
    from chalicelib.storage.kept_connections import KeptConnections
    from chalicelib.storage.request_signing import Credentials, Signer

_log = logging.getLogger(__name__)

_TARGET = "DynamoDB_20120810.UpdateItem"
_REFUSED = "ConditionalCheckFailedException"
_OLD_CREDENTIALS = frozenset(
    ("ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId")
)
_WRONG_TIME = frozenset(("InvalidSignatureException", "RequestTimeTooSkewed", "RequestExpired"))
# AWS takes five minutes; a signature that is refused within them is wrong for another reason.
_SKEW_SECONDS = 240
_OK = 200
_ENCODER = json.JSONEncoder(separators=(",", ":"))


class DirectUpdates:
    """Sends updates over kept connections; what it has learnt of keys and time is shared."""

    def __init__(
        self,
        connections: KeptConnections,
        signer: Signer,
        read_credentials: Callable[[], Credentials],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._signer = signer
        self._read_credentials = read_credentials
        self._clock = clock
        self._credentials = read_credentials()
        self._skew = 0.0

    def update(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Update a row; raises UpdateRefusedError, UpdateUndecidedError."""
        body = _ENCODER.encode(request).encode("ascii")
        try:
            answer = self._ask(body)
            said = _read(answer)
            if answer.status != _OK and self._corrected(_code(said), answer):
                answer = self._ask(body)
                said = _read(answer)
        except (OSError, BrokenAnswerError, ValueError) as error:
            raise UpdateUndecidedError(type(error).__name__) from error
        self._demand_own(request, said)
        if answer.status == _OK:
            return said
        if _code(said) == _REFUSED:
            raise UpdateRefusedError(said.get("Item") or {})
        # Never DynamoDB's message: of a wrong signature it tells what was signed, the token too.
        message = f"{answer.status} {_code(said)}"
        raise UpdateUndecidedError(message)

    def _ask(self, body: bytes) -> Answer:
        at = self._clock() + self._skew
        return self._connections.ask(self._signer.head(_TARGET, body, self._credentials, at) + body)

    def _demand_own(self, request: Mapping[str, Any], said: Mapping[str, Any]) -> None:
        """Hold the row that an answer shows against the one that was asked for.

        Nothing else ties the two together: were an answer ever sent twice, each later one on that
        connection would be read as its neighbour's, and one key be good for another's account.
        """
        row = said.get("Attributes") or said.get("Item")
        if row and any(row.get(name) != value for name, value in request["Key"].items()):
            self._connections.close()
            message = "another row's answer"
            raise UpdateUndecidedError(message)

    def _corrected(self, code: str, answer: Answer) -> bool:
        """Whether a refusal of the signature has a cause that is gone now.

        Such a request was never carried out, so it may be sent again.
        """
        if code in _OLD_CREDENTIALS:
            old, self._credentials = self._credentials, self._read_credentials()
            return self._credentials != old
        if code in _WRONG_TIME:
            return self._learnt_the_time(answer)
        return False

    def _learnt_the_time(self, answer: Answer) -> bool:
        from email.utils import parsedate_to_datetime

        theirs = parsedate_to_datetime(answer.header(b"date").decode("ascii"))
        skew = theirs.timestamp() - self._clock()
        if abs(skew - self._skew) < _SKEW_SECONDS:
            return False
        _log.warning("clock_corrected", extra={"seconds": round(skew)})
        self._skew = skew
        return True


def _read(answer: Answer) -> dict[str, Any]:
    said = json.loads(answer.body.decode())
    if not isinstance(said, dict):
        raise BrokenAnswerError("JSON that is no object")
    return said


def _code(said: Mapping[str, Any]) -> str:
    return str(said.get("__type", "")).rpartition("#")[2]
