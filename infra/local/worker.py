"""Passes messages of the queue to the app's SQS handler, as Lambda's event source mapping does."""

from __future__ import annotations

import threading
import traceback
from typing import TYPE_CHECKING, Any

from chalice.app import SQSEventConfig
from chalice.local import LambdaContext

from infra.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalice import Chalice

    from infra.local.provisioning import Queue

    Handler = Callable[[dict[str, Any], object], object]

# A long poll answers as soon as a mail arrives.
_POLL_SECONDS = 20
_RETRY_SECONDS = 1.0
_FINISH_SECONDS = 5.0
_MEMORY_MB = 512
_TIMEOUT_MS = 30_000


class Worker:
    """One thread that receives a message, handles it and then deletes it.

    A message whose handler fails or is interrupted stays in the queue: it becomes visible again
    after the visibility timeout, and moves to the dead-letter queue after its last attempt.
    """

    def __init__(self, sqs: Any, queue: Queue, handler: Handler) -> None:
        self._sqs = sqs
        self._queue = queue
        self._handler = handler
        self._stopping = threading.Event()
        self._handling = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Start to poll."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the current message, then stop."""
        self._stopping.set()
        # A long poll holds no message, so don't wait for it.
        if self._handling.acquire(timeout=_FINISH_SECONDS):
            self._handling.release()

    def _run(self) -> None:
        silent = False
        while not self._stopping.is_set():
            try:
                self._work_once()
                silent = False
            except Exception as error:  # noqa: BLE001 - the queue may recover
                if not silent and not self._stopping.is_set():
                    print(f"The mail queue doesn't answer ({error}); trying again.", flush=True)
                silent = True
                self._stopping.wait(_RETRY_SECONDS)

    def _work_once(self) -> None:
        answer = self._sqs.receive_message(
            QueueUrl=self._queue.url,
            MaxNumberOfMessages=1,
            WaitTimeSeconds=_POLL_SECONDS,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        for message in answer.get("Messages", []):
            with self._handling:
                if not self._stopping.is_set() and self._handled(message):
                    self._sqs.delete_message(
                        QueueUrl=self._queue.url, ReceiptHandle=message["ReceiptHandle"]
                    )

    def _handled(self, message: dict[str, Any]) -> bool:
        context = LambdaContext("mail", _MEMORY_MB, _TIMEOUT_MS)
        try:
            self._handler(sqs_event(message, self._queue.arn), context)
        except Exception:  # noqa: BLE001 - the queue redelivers after any failure
            traceback.print_exc()
            return False
        return True


def mail_handler(app: Chalice) -> Handler:
    """Return the app's one SQS handler; raises CommandError."""
    found = [
        app.handler_map[source.name]
        for source in app.event_sources
        if isinstance(source, SQSEventConfig)
    ]
    if len(found) != 1:
        message = f"The app has {len(found)} SQS handlers where the mail queue needs one."
        raise CommandError(message)
    return found[0]


def sqs_event(message: dict[str, Any], queue_arn: str) -> dict[str, Any]:
    """Build Lambda's event of one received message."""
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {
            name: _message_attribute(value)
            for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }
    return {"Records": [record]}


def _message_attribute(value: dict[str, Any]) -> dict[str, Any]:
    return {key[0].lower() + key[1:]: part for key, part in value.items()}
