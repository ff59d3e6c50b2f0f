"""The drill: a stage goes back to a moment, and what was withdrawn since stays withdrawn.

The emulators keep no history: they copy a table as it is when they are asked. So the copies are
made first, as `--fetch-only` does it, and the stage lives on before it is taken back.
"""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from click.testing import CliRunner

from chalicelib.domain.accounts.handover import NoHandoverError
from chalicelib.domain.roles import Role
from chalicelib.storage.dynamo.tables import AccountRow, UserRow
from infra.restore.__main__ import restore
from infra.restore.closing import closed
from infra.restore.point_in_time import Backup
from infra.restore.rows import FATES, Kept, Since, amended
from infra.restore.tables import Tables
from infra.stack.resources import table_definitions
from infra.stack.stages import read_stage
from tests.support.audit_log import event_names, user_id_of
from tests.support.keys import Holder, account_of, add_member, an_owner, make_key
from tests.support.personas.deleted import all_is_swept, rows_that_name
from tests.support.personas.invitations import invite
from tests.support.personas.journeys import (
    ADDRESS,
    PASSWORD,
    ask_sign_in,
    signed_in_program,
    token_of,
)
from tests.support.personas.operators import done, operate
from tests.support.servers.engines import REGION, boto3_session

if TYPE_CHECKING:
    from click.testing import Result

    from tests.support.personas.users import StoppedClock
    from tests.support.servers.engines import Engine
    from tests.support.service import Service

_MEMBERS = "/api/v1/members"
_ANOTHER = "another long pass phrase"
_KEYS = {
    made["TableName"]: [part["AttributeName"] for part in made["KeySchema"]]
    for made in table_definitions("")
}


class Drill:
    """A stage of which copies were made at the moment that it stands at now."""

    def __init__(self, service: Service) -> None:
        self.service = service
        prefix = service.settings.table_prefix
        client = service.engine.client("dynamodb")
        for made in table_definitions(prefix):
            client.update_continuous_backups(
                TableName=made["TableName"],
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            )
        self.moment = service.clock()
        self.backup = Backup(client, prefix, self.moment)
        for table in FATES:
            client.restore_table_to_point_in_time(
                SourceTableName=prefix + table,
                TargetTableName=self.backup.copies + table,
                UseLatestRestorableTime=True,
            )

    def take_back(self) -> tuple[Since, Kept]:
        """Go back, after the queue's events have arrived."""
        self.service.work()
        dynamodb = boto3_session().resource("dynamodb")
        tables = Tables(dynamodb, self.backup.prefix, self.backup.copies)
        return tables.take_back(self.moment, lambda _table, _rows: None)


def test_what_was_lost_is_there_again(service: Service, clock: StoppedClock) -> None:
    owner = an_owner(service)
    holder = Holder(service.program(), make_key(owner)["key"])
    drill = Drill(service)
    clock.advance(timedelta(hours=1))
    client = service.engine.client("dynamodb")
    for table in ("users", "emails", "accounts", "api_keys"):
        for row in service.rows(table):
            schema = client.describe_table(TableName=drill.backup.prefix + table)["Table"]
            key = {
                part["AttributeName"]: row[part["AttributeName"]] for part in schema["KeySchema"]
            }
            client.delete_item(TableName=drill.backup.prefix + table, Key=key)
    assert ask_sign_in(service.program()).status == 401
    assert holder.get("/api/v1/account").status == 401

    _, kept = drill.take_back()
    assert ask_sign_in(service.program()).status == 200
    assert holder.get("/api/v1/account").status == 200
    assert (kept.keys, kept.passwords, kept.members) == ([], [], [])


def test_what_came_after_is_gone(service: Service, clock: StoppedClock) -> None:
    owner = an_owner(service)
    drill = Drill(service)
    clock.advance(timedelta(minutes=5))
    late = Holder(service.program(), make_key(owner)["key"])
    an_owner(service, "late@later.test")
    drill.take_back()
    assert late.get("/api/v1/account").status == 401
    assert ask_sign_in(service.program(), "late@later.test").status == 401
    assert {row["email"]["S"] for row in service.rows("users")} == {ADDRESS}


def test_a_key_that_was_deleted_since_stays_dead(service: Service, clock: StoppedClock) -> None:
    """`F5`, though the backup has it."""
    owner = an_owner(service)
    gone, leaked, good = (make_key(owner, name) for name in ("gone", "leaked", "good"))
    drill = Drill(service)
    clock.advance(timedelta(minutes=5))
    assert owner.call("DELETE", f"/api/v1/api_keys/{gone['id']}").status == 204
    service.program().post("/api/v1/api_keys/leaked", {"key": leaked["key"]})
    _, kept = drill.take_back()
    used = {
        made["name"]: Holder(service.program(), made["key"]).get("/api/v1/account").status
        for made in (gone, leaked, good)
    }
    assert used == {"gone": 401, "leaked": 401, "good": 200}
    assert set(kept.keys) == {gone["id"], leaked["id"]}


def test_a_restored_request_for_another_owner_has_to_be_made_again(
    service: Service, clock: StoppedClock
) -> None:
    """The owner may have stopped it since."""
    owner = an_owner(service)
    account_id = account_of(owner)
    add_member(service, account_id, "ada@acme.test", Role.ADMIN)
    asked = ("transfer-ownership", "--account", account_id, "--to", "ada@acme.test", "--yes")
    done(*asked)
    drill = Drill(service)
    clock.advance(timedelta(minutes=5))
    done("transfer-ownership", "--account", account_id, "--cancel")
    drill.take_back()
    clock.advance(timedelta(days=1))
    assert isinstance(operate(*asked, "--confirm").exception, NoHandoverError)
    done(*asked)


def test_a_password_that_was_changed_since_stays_useless(
    service: Service, clock: StoppedClock
) -> None:
    """Neither the old one, which may be known, nor the new one, which is lost."""
    owner = an_owner(service)
    drill = Drill(service)
    clock.advance(timedelta(minutes=5))
    body = {"current_password": PASSWORD, "password": _ANOTHER}
    assert owner.post("/auth/profile/password", body).status == 204
    _, kept = drill.take_back()
    _, again = drill.take_back()
    assert ask_sign_in(service.program()).status == 401
    assert ask_sign_in(service.program(), password=_ANOTHER).status == 401
    assert kept.passwords == again.passwords == [user_id_of(ADDRESS)]

    service.program().post("/auth/password_reset/request", {"email": ADDRESS})
    token = token_of(service.mail_to(ADDRESS, "password").link)
    reset = {"token": token, "password": _ANOTHER}
    assert service.program().post("/auth/password_reset", reset).status == 200
    assert ask_sign_in(service.program(), password=_ANOTHER).status == 200


@pytest.mark.parametrize("how", ["suspended", "removed", "reactivated"])
def test_whoever_lost_access_since_has_none(
    service: Service, clock: StoppedClock, how: str
) -> None:
    owner = an_owner(service)
    account = account_of(owner)
    add_member(service, account, "kim@acme.test", Role.ADMIN)
    kim = user_id_of("kim@acme.test")
    drill = Drill(service)
    clock.advance(timedelta(minutes=5))
    if how == "removed":
        assert owner.call("DELETE", f"{_MEMBERS}/{kim}").status == 204
    else:
        assert owner.post(f"{_MEMBERS}/{kim}/suspend", {}).status == 200
    clock.advance(timedelta(minutes=5))
    if how == "reactivated":
        assert owner.post(f"{_MEMBERS}/{kim}/reactivate", {}).status == 200
    _, kept = drill.take_back()
    after = service.program()
    ask_sign_in(after, "kim@acme.test")
    opened = after.post("/auth/session/account", {"account_id": account}).status
    assert (opened == 200) is (how == "reactivated")
    assert kept.members == ([] if how == "reactivated" else [(account, kim)])


def test_an_admin_who_was_made_a_member_since_stays_one(
    service: Service, clock: StoppedClock
) -> None:
    owner = an_owner(service)
    account = account_of(owner)
    add_member(service, account, "kim@acme.test", Role.ADMIN)
    kim = user_id_of("kim@acme.test")
    drill = Drill(service)
    clock.advance(timedelta(minutes=5))
    assert owner.call("PATCH", f"{_MEMBERS}/{kim}", {"role": "member"}).status == 200
    _, kept = drill.take_back()
    after = service.program()
    ask_sign_in(after, "kim@acme.test")
    opened = after.post("/auth/session/account", {"account_id": account}).json
    assert opened["account"]["role"] == "member"
    assert after.get("/api/v1/members").status == 403
    assert kept.lessened == [(account, kim)]


def test_an_admin_who_left_since_and_came_back_as_a_member_stays_one(
    service: Service, clock: StoppedClock
) -> None:
    owner = an_owner(service)
    account = account_of(owner)
    add_member(service, account, "kim@acme.test", Role.ADMIN)
    kim = user_id_of("kim@acme.test")
    drill = Drill(service)
    clock.advance(timedelta(minutes=5))
    assert owner.call("DELETE", f"{_MEMBERS}/{kim}").status == 204
    clock.advance(timedelta(minutes=5))
    invited = {"email": "kim@acme.test", "role": "member"}
    assert owner.post("/api/v1/invitations", invited).status == 201
    token = token_of(service.mail_to("kim@acme.test", "invited").link)
    guest = service.program()
    ask_sign_in(guest, "kim@acme.test")
    assert guest.post("/auth/invitation", {"token": token}).status == 200
    _, kept = drill.take_back()
    after = service.program()
    ask_sign_in(after, "kim@acme.test")
    opened = after.post("/auth/session/account", {"account_id": account}).json
    assert opened["account"]["role"] == "member"
    assert kept.lessened == [(account, kim)]


def test_what_was_withdrawn_while_the_moment_passed_stays_withdrawn(
    service: Service, clock: StoppedClock
) -> None:
    """A request reads its clock before it writes: the copy can lack what is stamped earlier."""
    owner = an_owner(service)
    made = make_key(owner)
    clock.advance(timedelta(seconds=2))
    drill = Drill(service)
    clock.advance(timedelta(seconds=-1))
    assert owner.call("DELETE", f"/api/v1/api_keys/{made['id']}").status == 204
    _, kept = drill.take_back()
    assert Holder(service.program(), made["key"]).get("/api/v1/account").status == 401
    assert kept.keys == [made["id"]]


def test_whose_earlier_address_counts_again_is_named(service: Service, clock: StoppedClock) -> None:
    """Whoever reads its mail can set them a new password."""
    owner = an_owner(service)
    drill = Drill(service)
    clock.advance(timedelta(minutes=5))
    body = {"current_password": PASSWORD, "email": "new@acme.test"}
    assert owner.post("/auth/profile/email", body).status == 202
    token = token_of(service.mail_to("new@acme.test", "new email").link)
    confirmed = service.program().post(
        "/auth/email_confirmation", {"token": token, "password": PASSWORD}
    )
    assert confirmed.status == 200
    user_id = user_id_of("new@acme.test")
    _, kept = drill.take_back()
    assert kept.addresses == kept.passwords == [user_id]
    assert user_id_of(ADDRESS) == user_id


def test_who_handed_an_account_on_since_is_named(service: Service, clock: StoppedClock) -> None:
    """They own it again, since somebody must; whoever reads the report may think otherwise."""
    owner = an_owner(service)
    account = account_of(owner)
    add_member(service, account, "kim@acme.test", Role.ADMIN)
    drill = Drill(service)
    clock.advance(timedelta(minutes=5))
    heir = {"user_id": user_id_of("kim@acme.test")}
    assert owner.post("/api/v1/account/transfer_ownership", heir).status == 200
    _, kept = drill.take_back()
    assert signed_in_program(service).get("/auth/session").json["account"]["role"] == "owner"
    assert kept.owners == [(account, user_id_of(ADDRESS))]


def test_a_workspace_that_was_taken_from_a_member_since_stays_taken(
    service: Service, clock: StoppedClock
) -> None:
    """And one in which they were made less is not what it was."""
    owner = an_owner(service)
    account = account_of(owner)
    add_member(service, account, "kim@acme.test", Role.MEMBER)
    kim = user_id_of("kim@acme.test")
    names = ("Taken", "Lessened", "Kept")
    made = [owner.post("/api/v1/workspaces", {"name": name}).json["id"] for name in names]
    path = f"{_MEMBERS}/{kim}"
    given = [{"id": key, "role": "admin"} for key in made]
    assert owner.call("PATCH", path, {"role": "member", "workspaces": given}).status == 200
    drill = Drill(service)
    clock.advance(timedelta(minutes=5))
    _, lessened, unchanged = given
    left = [{**lessened, "role": "viewer"}, unchanged]
    assert owner.call("PATCH", path, {"role": "member", "workspaces": left}).status == 200
    drill.take_back()
    again = signed_in_program(service)
    (shown,) = [m for m in again.get(_MEMBERS).json["items"] if m["user_id"] == kim]
    assert shown["role"] == "member"
    assert {each["id"]: each["role"] for each in shown["workspaces"]} == {
        made[1]: "viewer",
        made[2]: "admin",
    }


def test_a_password_that_an_operator_stopped_since_is_not_right_again() -> None:
    """Though the row that would tell it is lost."""
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    event = {
        "moment": "2026-11-24T12:30:00.000000Z#evt_1",
        "event": "user.password_removed",
        "account_id": "acc_1",
        "actor": {"type": "operator", "id": None, "name": "Jo"},
        "target": {"type": "user", "id": "usr_1", "name": "Robin"},
    }
    row = {"user_id": "usr_1", "credentials_version": 1, "password_hash": "x", "memberships": {}}
    kept = Kept()
    back = amended("users", row, None, Since(noon).read([event]), kept)
    assert "password_hash" not in back
    assert kept.passwords == ["usr_1"]


def test_an_address_that_changed_without_a_word_in_the_trail_takes_the_password_along() -> None:
    """Its event may still wait in the queue; a person of no account has no trail at all."""
    row = {"user_id": "usr_1", "credentials_version": 1, "password_hash": "x", "memberships": {}}
    before, now, kept = row | {"email": "old@acme.test"}, row | {"email": "new@acme.test"}, Kept()
    back = amended("users", before, now, Since(datetime(2026, 11, 24, tzinfo=UTC)), kept)
    assert "password_hash" not in back
    assert kept.passwords == kept.addresses == ["usr_1"]


def test_sessions_and_links_of_before_are_dead_and_history_is_whole(
    service: Service, clock: StoppedClock
) -> None:
    owner = an_owner(service)
    account = account_of(owner)
    service.program().post("/auth/password_reset/request", {"email": ADDRESS})
    token = token_of(service.mail_to(ADDRESS, "password").link)
    drill = Drill(service)
    clock.advance(timedelta(minutes=1))
    make_key(owner)
    since, _ = drill.take_back()
    assert owner.get("/auth/session").status == 401
    reset = {"token": token, "password": _ANOTHER}
    assert service.program().post("/auth/password_reset", reset).status == 410
    assert since.events["api_key.created"] == 1
    assert "api_key.created" in event_names(service, account)


def test_a_user_who_was_deleted_since_stays_deleted(service: Service, clock: StoppedClock) -> None:
    """`H16`, though the backup has them."""
    owner, mo = an_owner(service), "mo@x.test"
    account_id = account_of(owner)
    admin = add_member(service, account_id, mo, Role.ADMIN)
    # Their own account goes first, or they couldn't.
    own = [a for a in UserRow.get(user_id_of(mo)).memberships.as_dict() if a != account_id]
    invite(admin, "guest@x.test")
    user_id = user_id_of(mo)
    drill = Drill(service)
    clock.advance(timedelta(hours=1))
    done("accounts", "delete", own[0], "--yes")
    done("users", "delete", mo, "--yes")
    all_is_swept(service)
    drill.take_back()

    assert rows_that_name(service, mo) == {}
    left = set(rows_that_name(service, user_id))
    assert left <= {"audit_events", "accounts", "deletions", "limits"}
    assert set(rows_that_name(service, own[0])) <= {"audit_events", "deletions", "limits"}
    assert AccountRow.get(account_id, "account").member_count == 1
    assert signed_in_program(service).get(_MEMBERS).json["total_count"] == 1
    assert ask_sign_in(service.program(), mo).status == 401


def test_an_account_that_was_deleted_since_stays_deleted(
    service: Service, clock: StoppedClock
) -> None:
    """`H16`, though the backup has it."""
    owner = an_owner(service)
    account_id, holder = account_of(owner), Holder(service.program(), make_key(owner)["key"])
    add_member(service, account_id, "mo@x.test", Role.ADMIN)
    drill = Drill(service)
    clock.advance(timedelta(hours=1))
    done("accounts", "delete", account_id, "--yes")
    all_is_swept(service)
    drill.take_back()

    assert set(rows_that_name(service, account_id)) <= {"audit_events", "deletions", "limits"}
    assert holder.get("/api/v1/account").status == 401
    assert ask_sign_in(service.program()).json["next"] == "no_account"
    assert ask_sign_in(service.program(), "mo@x.test").json["next"] == "app"


def test_the_account_of_a_deleted_owner_has_the_owner_of_after_again(
    service: Service, clock: StoppedClock
) -> None:
    owner, mo = an_owner(service), "mo@x.test"
    account_id = account_of(owner)
    add_member(service, account_id, "ada@x.test", Role.ADMIN)
    add_member(service, account_id, mo, Role.ADMIN)
    drill = Drill(service)
    clock.advance(timedelta(minutes=10))
    handed = {"user_id": user_id_of(mo)}
    assert owner.post("/api/v1/account/transfer_ownership", handed).status == 200
    done("users", "delete", ADDRESS, "--yes")
    drill.take_back()

    program = signed_in_program(service, mo)
    assert program.post("/auth/session/account", {"account_id": account_id}).status == 200
    members = program.get(_MEMBERS).json
    roles = {member["email"]: member["role"] for member in members["items"]}
    assert roles == {mo: "owner", "ada@x.test": "admin"}
    assert members["total_count"] == 2
    assert AccountRow.get(account_id, "account").owner_id == user_id_of(mo)


def test_who_was_deleted_and_imported_again_before_the_moment_is_there(
    service: Service, clock: StoppedClock
) -> None:
    an_owner(service)
    boss = signed_in_program(service)
    add_member(service, account_of(boss), "mo@x.test", Role.MEMBER)
    own = list(UserRow.get(user_id_of("mo@x.test")).memberships.as_dict())
    for account_id in own:
        if account_id != account_of(boss):
            done("accounts", "delete", account_id, "--yes")
    row = UserRow.get(user_id_of("mo@x.test"))
    done("users", "delete", "mo@x.test", "--yes")
    row.save()
    clock.advance(timedelta(minutes=10))
    drill = Drill(service)
    drill.take_back()
    assert UserRow.get(row.user_id).name == row.name


def test_every_table_has_a_fate() -> None:
    assert set(FATES) == {made["TableName"] for made in table_definitions("")}


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def stage(moto: Engine) -> dict[str, Any]:
    """Tables and functions under the names of the stage `dev`, in no service."""
    del moto
    dynamodb, functions = boto3.client("dynamodb"), boto3.client("lambda")
    stage = read_stage("dev")
    for made in table_definitions(stage.prefix):
        dynamodb.create_table(**made)
        dynamodb.update_continuous_backups(
            TableName=made["TableName"],
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        )
        _give_a_history(made["TableName"])
    role = boto3.client("iam").create_role(
        RoleName="dev", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17"})
    )
    for function in stage.functions:
        functions.create_function(
            FunctionName=stage.function_name(function),
            Runtime="python3.11",
            Role=role["Role"]["Arn"],
            Handler="app.app",
            Code={"ZipFile": _a_zip()},
            Timeout=2 if function == "sso_watch" else 1,
        )
    queue = boto3.client("sqs").create_queue(QueueName=stage.mail_queue)["QueueUrl"]
    attributes = boto3.client("sqs").get_queue_attributes(
        QueueUrl=queue, AttributeNames=["QueueArn"]
    )
    functions.create_event_source_mapping(
        EventSourceArn=attributes["Attributes"]["QueueArn"],
        FunctionName=stage.function_name("mail"),
    )
    return {"dynamodb": dynamodb, "lambda": functions, "stage": stage}


def _takes_mails(stage: dict[str, Any]) -> bool:
    (mapping,) = stage["lambda"].list_event_source_mappings()["EventSourceMappings"]
    return bool(mapping["State"] == "Enabled")


def _give_a_history(table: str) -> None:
    # moto's recovery begins and ends in the instant in which it was turned on.
    from moto.core.models import DEFAULT_ACCOUNT_ID
    from moto.dynamodb.models import dynamodb_backends

    backups = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables[table].continuous_backups
    window = backups["PointInTimeRecoveryDescription"]
    window["EarliestRestorableDateTime"] -= 3600


def _a_zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", "")
    return packed.getvalue()


def _run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(restore, list(arguments), input=typed)


def _now() -> str:
    """The latest moment that can be gone back to: a little before it is now."""
    return (datetime.now(UTC) - timedelta(seconds=5)).isoformat(timespec="seconds")


def _emails(stage: dict[str, Any]) -> set[str]:
    return {
        row["email"]["S"] for row in stage["dynamodb"].scan(TableName="thub-dev-emails")["Items"]
    }


def _claim(stage: dict[str, Any], email: str) -> None:
    row = {"email": {"S": email}, "user_id": {"S": "usr_1"}}
    stage["dynamodb"].put_item(TableName="thub-dev-emails", Item=row)


def test_the_command_goes_back_opens_again_and_clears_up(stage: dict[str, Any]) -> None:
    moment = _now()
    _claim(stage, "before@acme.test")
    assert _run("dev", moment, "--fetch-only").exit_code == 0
    _claim(stage, "after@acme.test")
    done = _run("dev", moment, typed="dev\n")
    assert done.exit_code == 0, done.output
    assert _emails(stage) == {"before@acme.test"}
    assert not [n for n in stage["dynamodb"].list_tables()["TableNames"] if "-at-" in n]
    for function in stage["stage"].functions:
        name = stage["stage"].function_name(function)
        answer = stage["lambda"].get_function_concurrency(FunctionName=name)
        assert not answer.get("ReservedConcurrentExecutions")


def test_without_the_stages_name_nothing_is_changed(stage: dict[str, Any]) -> None:
    moment = _now()
    _run("dev", moment, "--fetch-only")
    _claim(stage, "after@acme.test")
    refused = _run("dev", moment, typed="yes\n")
    assert refused.exit_code == 1
    assert "Nothing was changed" in refused.output
    assert _emails(stage) == {"after@acme.test"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nowhere", "2026-11-24T09:30:00Z"), "There is no stage 'nowhere'"),
        (("dev", "2026-11-24T09:30:00"), "end it with Z for UTC"),
        (("dev", "yesterday"), "write it like 2026-11-24T09:30:00Z"),
    ],
)
def test_a_wrong_word_is_explained(moto: Engine, arguments: tuple[str, ...], says: str) -> None:
    del moto
    refused = _run(*arguments)
    assert refused.exit_code != 0
    assert says in refused.output


def test_without_recovery_there_is_nothing_to_go_back_to(stage: dict[str, Any]) -> None:
    stage["dynamodb"].update_continuous_backups(
        TableName="thub-dev-users",
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
    )
    refused = _run("dev", _now())
    assert refused.exit_code == 1
    assert "Point-in-time recovery of thub-dev-users is off" in refused.output


def test_a_moment_before_the_history_is_refused_with_the_window(stage: dict[str, Any]) -> None:
    refused = _run("dev", "2026-01-01T00:00:00Z")
    assert refused.exit_code == 1
    assert "thub-dev-users can go back to any moment from" in refused.output
    assert not [n for n in stage["dynamodb"].list_tables()["TableNames"] if "-at-" in n]


def test_a_table_that_is_gone_is_named_with_the_way_out(stage: dict[str, Any]) -> None:
    stage["dynamodb"].delete_table(TableName="thub-dev-records")
    refused = _run("dev", _now())
    assert refused.exit_code == 1
    assert "There is no table thub-dev-records" in refused.output
    assert "last backup for 35 days" in refused.output


def test_nothing_is_changed_while_a_call_may_still_be_at_work(stage: dict[str, Any]) -> None:
    """A closed door stops nobody who is inside already."""
    names = [stage["stage"].function_name(function) for function in stage["stage"].functions]
    found: list[tuple[float, set[int]]] = []

    def wait(seconds: float) -> None:
        answers = [stage["lambda"].get_function_concurrency(FunctionName=name) for name in names]
        found.append((seconds, {answer["ReservedConcurrentExecutions"] for answer in answers}))

    with closed(stage["lambda"], names, wait):
        assert found == [(2, {0})]
        # Offered to a closed function, they would count as failed, and be parked.
        assert not _takes_mails(stage)
    assert _takes_mails(stage)


def test_a_stage_whose_restore_failed_stays_closed(stage: dict[str, Any]) -> None:
    moment = _now()
    _run("dev", moment, "--fetch-only")
    broken = {"account_id": {"S": "acc_1"}, "moment": {"S": "9"}}
    stage["dynamodb"].put_item(TableName="thub-dev-audit_events", Item=broken)
    assert _run("dev", moment, "--yes").exit_code == 1
    name = stage["stage"].function_name("api")
    answer = stage["lambda"].get_function_concurrency(FunctionName=name)
    assert answer["ReservedConcurrentExecutions"] == 0
    assert not _takes_mails(stage)

    stage["dynamodb"].delete_item(TableName="thub-dev-audit_events", Key=broken)
    assert _run("dev", moment, "--yes").exit_code == 0
    assert (
        not stage["lambda"]
        .get_function_concurrency(FunctionName=name)
        .get("ReservedConcurrentExecutions")
    )
