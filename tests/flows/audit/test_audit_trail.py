"""Audit events of sign-in flows, in the logs of the user's accounts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.roles import Role
from infra.local.worker import sqs_event
from tests.support.audit_log import all_audit_events, audit_events, event_names, user_id_of
from tests.support.keys import account_of, add_member, an_owner
from tests.support.personas.journeys import (
    ADDRESS,
    OTHER_PASSWORD,
    PASSWORD,
    ask_sign_in,
    become_a_user,
    signed_in_program,
    token_of,
)

if TYPE_CHECKING:
    from chalicelib.domain.mail import Job
    from tests.support.http import Program
    from tests.support.personas.users import StoppedClock
    from tests.support.service import Service

NEW_PASSWORD = "seven grey herons at dawn"


@pytest.fixture
def owner(service: Service) -> Program:
    return an_owner(service)


@pytest.fixture
def account_id(owner: Program) -> str:
    return account_of(owner)


def _robin() -> dict[str, str]:
    return {"type": "user", "id": user_id_of(ADDRESS), "name": "Robin"}


def _fail(service: Service, times: int = 1, address: str = ADDRESS) -> None:
    for _ in range(times):
        assert ask_sign_in(service.program(), address, OTHER_PASSWORD).status == 401


def test_a_new_account_records_its_creation_and_the_sign_in(
    service: Service, account_id: str
) -> None:
    """`H4`: who, what, when, from where, and in which request."""
    created, signed_in = sorted(
        audit_events(service, account_id), key=lambda event: str(event["event"])
    )
    assert (created["event"], signed_in["event"]) == ("account.created", "sign_in.succeeded")
    assert created["actor"] == signed_in["actor"] == _robin()
    assert created["target"] == {"type": "account", "id": account_id, "name": "Acme"}
    assert signed_in["details"] == {"method": "password"}
    assert (signed_in["address"], signed_in["user_agent"]) == ("192.0.2.7", "Program/1.0")
    assert signed_in["request_id"]
    assert signed_in["moment"].startswith("2026-11-24T12:00:00.000000Z#evt_")


def test_signing_out_is_recorded_once(service: Service, owner: Program, account_id: str) -> None:
    cookie = owner.jar.header["Cookie"]
    for _ in range(2):
        assert service.program().delete("/auth/session", Cookie=cookie).status == 204
    (ended,) = audit_events(service, account_id, "session.ended")
    assert (ended["actor"], ended["details"]) == (_robin(), {"how": "sign_out"})


def test_ending_a_session_from_another_is_recorded(
    service: Service, owner: Program, account_id: str
) -> None:
    """`D8`."""
    signed_in_program(service)
    (other,) = [s for s in owner.get("/auth/sessions").json["items"] if not s["current"]]
    assert owner.delete(f"/auth/sessions/{other['id']}").status == 204
    assert owner.delete("/auth/sessions").status == 204
    hows = {e["details"]["how"] for e in audit_events(service, account_id, "session.ended")}
    assert hows == {"picked", "all_others"}


def test_with_several_accounts_only_the_opened_one_records_it(
    service: Service, account_id: str
) -> None:
    add_member(service, account_id, "ada@acme.test", Role.ADMIN, open_now=False)
    before = event_names(service, account_id)
    program = signed_in_program(service, "ada@acme.test")
    assert event_names(service, account_id) == before
    program.post("/auth/session/account", {"account_id": account_id})
    (opened,) = audit_events(service, account_id, "account.opened")
    assert opened["actor"]["name"] == "Robin"
    assert opened["target"]["id"] == account_id
    assert opened["details"] == {"method": "password"}


def test_failures_are_recorded_in_every_account_of_the_user(
    service: Service, account_id: str
) -> None:
    """`H4`: it isn't known who tried, so the event names the target."""
    ada = add_member(service, account_id, "ada@acme.test", Role.MEMBER, open_now=False)
    own = ada.get("/auth/session").json["account"]
    assert own is None
    _fail(service, address="ada@acme.test")
    service.work()
    events = [e for e in all_audit_events(service) if e["event"] == "sign_in.refused"]
    assert len({event["account_id"] for event in events}) == 2
    for event in events:
        assert event["actor"] == {"type": "anonymous", "id": None, "name": None}
        assert event["target"]["id"] == user_id_of("ada@acme.test")
        assert event["details"] == {
            "method": "password",
            "reason": "wrong_password",
            "step": "sign_in",
        }


def test_a_lockout_is_recorded_once_and_its_refusals_with_the_reason(
    service: Service, account_id: str
) -> None:
    _fail(service, times=5)
    assert ask_sign_in(service.program()).status == 401
    refused = audit_events(service, account_id, "sign_in.refused")
    reasons = sorted(event["details"]["reason"] for event in refused)
    assert reasons == ["locked"] + ["wrong_password"] * 5
    (locked,) = audit_events(service, account_id, "sign_in.locked")
    assert (locked["actor"]["type"], locked["target"]) == ("system", _robin())
    assert locked["details"] == {"method": "password", "ends_by": "time"}


def test_a_stopped_password_is_recorded(service: Service, account_id: str) -> None:
    """`B4`."""
    (message,) = _messages_of_a_failure(service)
    _tell(replace(message, details={**message.details, "locks": "yes", "stops": "yes"}))
    (locked,) = audit_events(service, account_id, "sign_in.locked")
    assert locked["details"]["ends_by"] == "password_reset"


def test_a_flood_during_a_lockout_records_sixty_an_hour_at_most(
    service: Service, account_id: str, clock: StoppedClock
) -> None:
    """They cost a stranger nothing, so they must not fill the log."""
    _fail(service, times=5)
    (message, *_) = _messages_of_a_failure(service)
    for number in range(70):
        _tell(replace(message, id=f"msg_{number}"))
    assert len(_refused_by_lock(service, account_id)) == 60
    clock.advance(timedelta(hours=1))
    _tell(replace(message, id="msg_later", asked_at=clock()))
    assert len(_refused_by_lock(service, account_id)) == 61


def _refused_by_lock(service: Service, account_id: str) -> list[dict[str, Any]]:
    refused = audit_events(service, account_id, "sign_in.refused")
    return [event for event in refused if event["details"]["reason"] == "locked"]


def _messages_of_a_failure(service: Service) -> list[Job]:
    """Fail once more, and return the jobs that it queues."""
    from chalicelib.domain.mail import Job

    service.work()
    _fail(service)
    sqs, queue = service.engine.client("sqs"), service.settings.mail_queue_url
    taken = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    for message in taken:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return [Job.from_json(message["Body"]) for message in taken]


def _tell(message: Job) -> None:
    from chalicelib.bootstrap import services

    services().personal_events.record(message)


def test_a_message_that_is_delivered_twice_is_recorded_once(
    service: Service, account_id: str
) -> None:
    (message,) = _messages_of_a_failure(service)
    for _ in range(3):
        _tell(message)
    assert event_names(service, account_id).count("sign_in.refused") == 1


def test_a_message_whose_mail_fails_is_recorded_and_redelivered(
    service: Service, account_id: str
) -> None:
    """The events are written first; SQS redelivers the message until the mail is sent."""
    (message,) = _messages_of_a_failure(service)
    locking = replace(message, details={**message.details, "locks": "yes"})
    service.engine.client("ses").delete_identity(Identity=service.settings.mail_from)
    received = {"MessageId": "m", "ReceiptHandle": "r", "Body": locking.to_json(), "MD5OfBody": ""}
    event = sqs_event(received, "arn:aws:sqs:eu-central-1:123456789012:mail")
    for _ in range(2):
        with pytest.raises(Exception, match="MessageRejected"):
            service.handler(event, None)
    assert event_names(service, account_id).count("sign_in.locked") == 1


def test_failures_at_an_unknown_email_are_recorded_nowhere(
    service: Service, account_id: str
) -> None:
    before = len(all_audit_events(service))
    _fail(service, times=6, address="nobody@acme.test")
    assert len(all_audit_events(service)) == before
    assert account_id


def test_only_the_account_sees_the_reason(service: Service, account_id: str) -> None:
    """`B2`: the answer doesn't show it."""
    from chalicelib.storage.dynamo.tables import UserRow

    add_member(service, account_id, "ada@acme.test", Role.MEMBER)
    UserRow(user_id_of("ada@acme.test")).update(actions=[UserRow.password_hash.remove()])
    assert ask_sign_in(service.program(), "ada@acme.test").status == 401
    (refused,) = audit_events(service, account_id, "sign_in.refused")
    assert refused["details"]["reason"] == "no_password"


def test_a_password_under_enforced_sso_is_recorded_with_that_reason(
    service: Service, account_id: str
) -> None:
    from chalicelib.storage.dynamo.tables import DomainRow

    add_member(service, account_id, "ada@sso.test", Role.MEMBER)
    DomainRow("sso.test", account_id=account_id, connection_id="con_1", enforced=1).save()
    assert ask_sign_in(service.program(), "ada@sso.test").status == 401
    (refused,) = audit_events(service, account_id, "sign_in.refused")
    assert refused["details"]["reason"] == "sso_required"


def test_a_wrong_current_password_is_recorded_too(
    service: Service, owner: Program, account_id: str
) -> None:
    """`A9`."""
    assert owner.post("/auth/session/proof", {"password": OTHER_PASSWORD}).status == 422
    (refused,) = audit_events(service, account_id, "sign_in.refused")
    assert refused["details"]["step"] == "proof"


def test_unlocking_with_the_link_is_recorded(service: Service, account_id: str) -> None:
    _fail(service, times=5)
    token = token_of(service.mail_to(ADDRESS).link)
    assert service.program().post("/auth/account_unlock", {"token": token}).status == 200
    (unlocked,) = audit_events(service, account_id, "sign_in.unlocked")
    assert unlocked["actor"] == unlocked["target"] == _robin()


def test_changing_and_resetting_a_password_are_different_events(
    service: Service, owner: Program, account_id: str
) -> None:
    """`B11`."""
    body = {"current_password": PASSWORD, "password": NEW_PASSWORD}
    assert owner.post("/auth/profile/password", body).status == 204
    (changed,) = audit_events(service, account_id, "user.password_changed")
    service.program().post("/auth/password_reset/request", {"email": ADDRESS})
    reset = {"token": token_of(service.mail_to(ADDRESS).link), "password": PASSWORD}
    assert service.program().post("/auth/password_reset", reset).status == 200
    (done,) = audit_events(service, account_id, "user.password_reset")
    assert changed["target"] == done["target"] == _robin()


def test_a_changed_email_is_recorded_once_with_both_emails(
    service: Service, owner: Program, account_id: str
) -> None:
    """`B11`."""
    new = "robin@elsewhere.test"
    owner.post("/auth/profile/email", {"current_password": PASSWORD, "email": new})
    token = token_of(service.mail_to(new).link)
    assert owner.post("/auth/email_confirmation", {"token": token}).status == 200
    (changed,) = audit_events(service, account_id, "user.email_changed")
    assert changed["details"] == {"old_email": ADDRESS, "new_email": new}


def test_another_account_records_nothing(service: Service, account_id: str) -> None:
    """`H15`."""
    become_a_user(service, "sam@other.test")
    sam = user_id_of("sam@other.test")
    before = len(audit_events(service, account_id))
    _fail(service, times=5, address="sam@other.test")
    assert len(audit_events(service, account_id)) == before
    about_sam = [e for e in all_audit_events(service) if e.get("target", {}).get("id") == sam]
    assert len({event["account_id"] for event in about_sam}) == 1
