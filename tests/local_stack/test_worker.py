"""The worker loses no mail: what fails comes again, and what always fails is parked."""

from __future__ import annotations

import secrets
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from chalice import Chalice

from infra.aws import client
from infra.errors import CommandError
from infra.local.provisioning import Queue, apply_stack
from infra.local.worker import Worker, mail_handler, sqs_event
from tests.support.patience import PATIENCE, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.servers.engines import EngineRoom


class _Mail:
    """A mail queue of its own, whose messages come again after a second."""

    def __init__(self, sqs: Any, queue: Queue, dead_letters: str) -> None:
        self.sqs = sqs
        self.queue = queue
        self.dead_letters = dead_letters
        self.workers: list[Worker] = []

    def work(self, handler: Callable[[dict[str, Any], object], object]) -> Worker:
        worker = Worker(self.sqs, self.queue, handler)
        self.workers.append(worker)
        worker.start()
        return worker

    def send(self, body: str) -> None:
        attribute = {"DataType": "String", "StringValue": "v"}
        self.sqs.send_message(
            QueueUrl=self.queue.url, MessageBody=body, MessageAttributes={"name": attribute}
        )

    def parked(self) -> list[str]:
        answer = self.sqs.receive_message(QueueUrl=self.dead_letters, VisibilityTimeout=0)
        return [message["Body"] for message in answer.get("Messages", [])]

    def count(self) -> int:
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        answer = self.sqs.get_queue_attributes(QueueUrl=self.queue.url, AttributeNames=list(names))
        return sum(int(answer["Attributes"][name]) for name in names)


@pytest.fixture
def mail(engine_room: EngineRoom, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Mail]:
    with engine_room.use("ministack") as engine:
        assert engine.endpoint is not None
        for name, value in engine.environ.items():
            monkeypatch.setenv(name, value)
        prefix = f"w{secrets.token_hex(4)}-"
        outputs = apply_stack(
            engine.endpoint,
            prefix + "stack",
            {"TablePrefix": prefix, "MailVisibilitySeconds": "1", "DeletionProtection": "false"},
        )
        queue = Queue(outputs["MailQueueUrl"], outputs["MailQueueArn"])
        made = _Mail(
            client("sqs", endpoint=engine.endpoint), queue, outputs["MailDeadLetterQueueUrl"]
        )
        yield made
        for worker in made.workers:
            worker.stop()


def test_a_handled_message_is_gone(mail: _Mail) -> None:
    events: list[dict[str, Any]] = []
    mail.work(lambda event, _context: events.append(event))
    mail.send("hello")
    eventually(lambda: bool(events) and mail.count() == 0)
    [record] = events[0]["Records"]
    assert record["body"] == "hello"
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"] == mail.queue.arn
    assert record["awsRegion"] == mail.queue.arn.split(":")[3]
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["messageAttributes"]["name"]["stringValue"] == "v"


@pytest.mark.usefixtures("capfd")
def test_a_failed_message_comes_again(mail: _Mail) -> None:
    attempts: list[str] = []

    def handle(event: dict[str, Any], _context: object) -> None:
        attempts.append(event["Records"][0]["attributes"]["ApproximateReceiveCount"])
        if len(attempts) < 3:
            message = "not yet"
            raise RuntimeError(message)

    mail.work(handle)
    mail.send("stubborn")
    eventually(lambda: len(attempts) == 3 and mail.count() == 0)
    assert attempts == ["1", "2", "3"]
    assert mail.parked() == []


@pytest.mark.usefixtures("capfd")
def test_after_five_failures_a_message_is_parked(mail: _Mail) -> None:
    attempts: list[str] = []

    def handle(event: dict[str, Any], _context: object) -> None:
        attempts.append(event["Records"][0]["body"])
        message = "never"
        raise RuntimeError(message)

    mail.work(handle)
    mail.send("hopeless")
    eventually(lambda: mail.parked() == ["hopeless"])
    assert attempts == ["hopeless"] * 5


def test_a_worker_that_ends_between_receive_and_send_loses_nothing(mail: _Mail) -> None:
    mail.send("precious")
    received = mail.sqs.receive_message(QueueUrl=mail.queue.url)["Messages"]
    assert [message["Body"] for message in received] == ["precious"]
    handled: list[str] = []
    mail.work(lambda event, _context: handled.append(event["Records"][0]["body"]))
    eventually(lambda: handled == ["precious"] and mail.count() == 0)


def test_stopping_finishes_the_message_in_hand(
    mail: _Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.local.worker._FINISH_SECONDS", PATIENCE)
    begun, finished = threading.Event(), threading.Event()

    def handle(_event: dict[str, Any], _context: object) -> None:
        begun.set()
        time.sleep(0.3)
        finished.set()

    worker = mail.work(handle)
    mail.send("in hand")
    assert begun.wait(PATIENCE)
    worker.stop()
    assert finished.is_set()
    assert mail.count() == 0


class _DeadQueue:
    calls = 0

    def receive_message(self, **_: object) -> dict[str, Any]:
        self.calls += 1
        message = "connection refused"
        raise OSError(message)


def test_a_queue_that_does_not_answer_is_reported_once_and_asked_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("infra.local.worker._RETRY_SECONDS", 0.01)
    queue = _DeadQueue()
    worker = Worker(queue, Queue("url", "arn:aws:sqs:r:1:q"), lambda _event, _context: None)
    worker.start()
    eventually(lambda: queue.calls > 3)
    worker.stop()
    assert capsys.readouterr().out.count("connection refused") == 1


def test_the_mail_handler_is_the_app_s_one_sqs_handler() -> None:
    app = Chalice(app_name="none")
    with pytest.raises(CommandError, match="0 SQS handlers"):
        mail_handler(app)
    seen: list[str] = []

    @app.on_sqs_message(queue="any")
    def take(event: Any) -> None:
        seen.extend(record.body for record in event)

    message = {"MessageId": "1", "ReceiptHandle": "2", "Body": "b", "MD5OfBody": "3"}
    mail_handler(app)(sqs_event(message, "arn:aws:sqs:eu-west-1:1:any"), None)
    assert seen == ["b"]
    assert callable(take)
