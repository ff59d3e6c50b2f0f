"""API keys, from the owner who creates one to the program that uses it."""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.keys.api_key import ApiKeySecret
from chalicelib.domain.roles import Role
from tests.support.keys import KEYS, Holder, a_holder, account_of, add_member, an_owner, make_key
from tests.support.personas.journeys import PASSWORD, sign_in

if TYPE_CHECKING:
    from tests.support.http import Reply
    from tests.support.ledger import Ledger
    from tests.support.personas.users import StoppedClock
    from tests.support.service import Service

_ACCOUNT = "/api/v1/account"
_LEAKED = "/api/v1/api_keys/leaked"
_INVALID = "invalid_request_error"


def _visible(reply: Reply) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return all of an answer except the request's id."""
    headers = [pair for pair in reply.headers if pair[0] != "X-Request-Id"]
    return reply.status, headers, reply.body


def test_a_key_is_created_used_listed_and_deleted(service: Service, clock: StoppedClock) -> None:
    """`F5`, `F11`: deleted keys stop working on the next call."""
    owner = an_owner(service)
    made = make_key(owner, "CI pipeline")
    assert set(made) == {"id", "name", "key", "created_at", "last_used_at"}
    assert (made["created_at"], made["last_used_at"]) == ("2026-11-24T12:00:00Z", None)
    holder = Holder(service.program(), made["key"])

    clock.advance(timedelta(minutes=5))
    who = holder.get(_ACCOUNT)
    assert who.json == {
        "id": account_of(owner),
        "name": "Acme",
        "key": {"id": made["id"], "name": "CI pipeline"},
    }
    listed = owner.get(KEYS).json
    assert listed == {
        "items": [
            {
                "id": made["id"],
                "name": "CI pipeline",
                "created_at": "2026-11-24T12:00:00Z",
                "last_used_at": "2026-11-24T12:05:00Z",
            }
        ],
        "has_more": False,
        "total_count": 1,
    }
    assert owner.delete(f"{KEYS}/{made['id']}").status == 204
    assert holder.get(_ACCOUNT).status == 401
    assert owner.get(KEYS).json["items"] == []
    assert owner.delete(f"{KEYS}/{made['id']}").status == 404


def test_a_key_is_shown_once_and_stored_nowhere(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """`F3`, `D13`: not in a table, a list or a log, and no cache stores the answer."""
    caplog.set_level(logging.DEBUG)
    owner = an_owner(service)
    reply = owner.post(KEYS, {"name": "CI"})
    key = reply.json["key"]
    assert reply.header("Cache-Control") == "no-store"
    Holder(service.program(), key).get(_ACCOUNT)
    owner.post(_LEAKED, {"key": key})
    kept = str([service.rows(table) for table in ("api_keys", "accounts", "users", "limits")])
    assert key not in kept
    assert key not in owner.get(KEYS).text
    assert key not in caplog.text
    assert not any(key in str(vars(record)) for record in caplog.records)


def test_a_key_is_found_by_its_digest_alone(service: Service, ledger: Ledger) -> None:
    """`F4`: keys are never compared, so there is no timing to measure."""
    holder = a_holder(service)
    ledger.clear()
    holder.get(_ACCOUNT)
    (check, *_) = ledger.calls
    assert str(check) == "dynamodb.UpdateItem(api_keys)"
    (row,) = service.rows("api_keys")
    assert row["digest"]["S"] == ApiKeySecret.parse(holder.key).digest


def test_a_good_key_costs_one_request_and_garbage_none(service: Service, ledger: Ledger) -> None:
    """`F2`: unknown and limited keys cost one as well."""
    holder = a_holder(service)
    for key, checks in (
        (holder.key, 1),
        (ApiKeySecret.new().value, 1),
        (holder.key[:-1] + ("a" if holder.key[-1] != "a" else "b"), 0),
        ("thub_" + "a" * 32, 0),
        ("garbage", 0),
    ):
        ledger.clear()
        Holder(service.program(), key).get("/api/v1/records/none")
        assert [str(c) for c in ledger.calls].count("dynamodb.UpdateItem(api_keys)") == checks
        if key != holder.key:
            assert len(ledger.calls) == checks


def _refusals(service: Service) -> dict[str, dict[str, str]]:
    deleted = a_holder(service)
    owner = an_owner(service, "sam@other.test")
    gone = make_key(owner)
    owner.delete(f"{KEYS}/{gone['id']}")
    leaked = make_key(owner)["key"]
    owner.post(_LEAKED, {"key": leaked})
    good = deleted.key
    wrong = f"{good[:20]}{'b' if good[20] == 'a' else 'a'}{good[21:]}"
    return {
        "missing": {},
        "empty": {"Authorization": ""},
        "deleted": {"Authorization": f"Bearer {gone['key']}"},
        "leaked": {"Authorization": f"Bearer {leaked}"},
        "unknown": {"Authorization": f"Bearer {ApiKeySecret.new().value}"},
        "wrong checksum": {"Authorization": f"Bearer {wrong}"},
        "no scheme": {"Authorization": good},
        "another scheme": {"Authorization": f"Basic {good}"},
        "in lower case": {"Authorization": f"Bearer {good.lower()}"},
        "a tab": {"Authorization": f"Bearer\t{good}"},
        "a line break": {"Authorization": f"Bearer {good}\n"},
        "two keys": {"Authorization": f"Bearer {good} {good}"},
        "a comma": {"Authorization": f"Bearer {good}, Bearer {good}"},
        "quoted": {"Authorization": f'Bearer "{good}"'},
        "10 kB": {"Authorization": "Bearer thub_" + "a" * 9_000},
        "not ASCII": {"Authorization": "Bearer thub_é" + "a" * 31},
        "full-width": {"Authorization": "Bearer thub_" + "\uff11" * 32},
        "a session": {"Cookie": owner.jar.header["Cookie"]},
    }


def test_every_invalid_key_gets_the_same_401_byte_for_byte(service: Service) -> None:
    """`F7`, `F8`."""
    answers = {
        name: service.program().get(_ACCOUNT, **headers)
        for name, headers in _refusals(service).items()
    }
    (wanted,) = {_visible_text(reply) for reply in answers.values()}
    reply = answers["missing"]
    assert wanted == _visible_text(reply)
    assert reply.status == 401
    assert reply.header("WWW-Authenticate") == "Bearer"
    assert reply.error == {
        "type": "authentication_error",
        "code": None,
        "message": "Invalid API key",
        "param": None,
        "path": None,
    }


def _visible_text(reply: Reply) -> str:
    return str(_visible(reply))


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer "])
def test_the_scheme_is_accepted_in_any_case(service: Service, scheme: str) -> None:
    holder = a_holder(service)
    reply = service.program().get(_ACCOUNT, Authorization=f"{scheme} {holder.key}")
    assert reply.status == 200


@pytest.mark.parametrize("name", ["access_token", "api_key", "key", "authorization"])
def test_a_key_in_the_query_is_refused(service: Service, name: str) -> None:
    """`F6`: alone it isn't read as a key; beside a valid one it is named as an error."""
    holder = a_holder(service)
    path = f"{_ACCOUNT}?{name}={holder.key}"
    assert service.program().get(path).status == 401
    beside = holder.get(path)
    assert (beside.status, beside.error["param"]) == (422, name)


def test_a_key_is_no_session_and_a_session_no_key(service: Service) -> None:
    """`D2`, `F9`."""
    owner = an_owner(service)
    holder = Holder(service.program(), make_key(owner)["key"])
    assert owner.get(_ACCOUNT).status == 401
    assert holder.get("/auth/session").status == 401
    for reply in (
        holder.get(KEYS),
        holder.program.post(KEYS, {"name": "x"}, Authorization=f"Bearer {holder.key}"),
        holder.program.delete(f"{KEYS}/any", Authorization=f"bearer {holder.key}"),
        owner.get(KEYS, Authorization=f"Bearer {holder.key}"),
    ):
        assert (reply.status, reply.error["type"]) == (403, "permission_error")
    assert owner.get(KEYS).json["total_count"] == 1


def test_members_and_strangers_cannot_use_the_keys_calls(service: Service) -> None:
    """`F9`."""
    owner = an_owner(service)
    made = make_key(owner)
    member = add_member(service, account_of(owner), "mo@acme.test", Role.MEMBER)
    for program, status in ((member, 403), (service.program(), 401)):
        assert program.get(KEYS).status == status
        assert program.post(KEYS, {"name": "x"}).status == status
        assert program.delete(f"{KEYS}/{made['id']}").status == status
    admin = add_member(service, account_of(owner), "ada@acme.test", Role.ADMIN)
    assert admin.get(KEYS).json["items"][0]["id"] == made["id"]
    assert admin.delete(f"{KEYS}/{made['id']}").status == 204


def test_without_an_open_account_there_are_no_keys(service: Service) -> None:
    owner = an_owner(service)
    both = add_member(service, account_of(owner), "ada@acme.test", Role.ADMIN, open_now=False)
    reply = both.get(KEYS)
    assert (reply.status, reply.error["code"]) == (403, "no_account_open")


def test_a_key_outlives_the_admin_who_made_it(service: Service) -> None:
    owner = an_owner(service)
    account_id = account_of(owner)
    admin = add_member(service, account_id, "ada@acme.test", Role.ADMIN)
    holder = Holder(service.program(), make_key(admin)["key"])
    _leave("ada@acme.test", account_id)
    assert admin.get(KEYS).status == 401
    assert holder.get(_ACCOUNT).status == 200
    assert owner.get(KEYS).json["total_count"] == 1


def _leave(address: str, account_id: str) -> None:
    from chalicelib.storage.dynamo.tables import EmailRow, UserRow

    user_id = EmailRow.get(address).user_id
    UserRow(user_id).update(actions=[UserRow.memberships[account_id].remove()])


def test_creating_and_deleting_a_key_require_a_fresh_proof(
    service: Service, clock: StoppedClock
) -> None:
    """`D9`: listing keys doesn't."""
    owner = an_owner(service)
    made = make_key(owner)
    clock.advance(timedelta(minutes=15))
    make_key(owner, "Just in time")
    clock.advance(timedelta(seconds=1))
    reply = owner.post(KEYS, {"name": "Too late"})
    assert (reply.status, reply.error["code"]) == (403, "proof_required")
    assert owner.get(KEYS).status == 200
    reply = owner.delete(f"{KEYS}/{made['id']}")
    assert (reply.status, reply.error["code"]) == (403, "proof_required")
    assert owner.post("/auth/session/proof", {"password": PASSWORD}).status == 204
    make_key(owner, "Proved")
    assert owner.delete(f"{KEYS}/{made['id']}").status == 204


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "x" * 101,
        "x" * 1_000,
        "a\x00b",
        "a\nb",
        "a\u202eb",
        "a\u200bb",
        "\u200d",
        "\ufe0f",
        "\u034f",
        "\u200d\u00a0\u200d",
        "\ud800",
        "https://evil.test",
    ],
    ids=ascii,
)
def test_a_name_that_nobody_can_read_is_refused(service: Service, name: str) -> None:
    owner = an_owner(service)
    reply = owner.post(KEYS, {"name": name})
    assert reply.status in (400, 422)
    assert reply.error["type"] == "invalid_request_error"
    assert owner.get(KEYS).json["total_count"] == 0


@pytest.mark.parametrize("name", ["x", "x" * 100, "Zażółć", "夜間同期", "🏳️‍🌈 CI", "<b>&amp;"])
def test_a_readable_name_is_kept_as_it_is(service: Service, name: str) -> None:
    owner = an_owner(service)
    assert make_key(owner, name)["name"] == name
    assert owner.get(KEYS).json["items"][0]["name"] == name


def test_two_keys_may_have_look_alike_names(service: Service) -> None:
    """Look-alike names within one account deceive nobody: ids distinguish the keys."""
    owner = an_owner(service)
    latin, cyrillic = make_key(owner, "Pay"), make_key(owner, "\u0420\u0430\u0443")
    assert latin["id"] != cyrillic["id"]
    owner.delete(f"{KEYS}/{latin['id']}")
    assert [key["id"] for key in owner.get(KEYS).json["items"]] == [cyrillic["id"]]


@pytest.mark.parametrize(
    "body",
    [{"name": 1}, {"name": None}, {"name": ["x"]}, {"name": "x", "key": "thub_mine"}, {"id": "x"}],
    ids=str,
)
def test_a_new_key_takes_only_a_name(service: Service, body: Any) -> None:
    """`H11`."""
    owner = an_owner(service)
    assert owner.post(KEYS, body).status in (400, 422)


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"name": "x", ' + b", ".join(b'"k%d": 1' % n for n in range(20_000)) + b"}",
        b'{"name": "' + b"x" * 300_000 + b'"}',
        b'{"name": "x"',
        b'{"name": "x", "name": "y"}',
        b"name=x",
    ],
    ids=["deep", "wide", "long", "cut off", "twice", "a form"],
)
def test_a_body_of_another_shape_creates_no_key(service: Service, body: bytes) -> None:
    owner = an_owner(service)
    for path in (KEYS, _LEAKED):
        reply = owner.post(path, body)
        assert reply.status in (400, 413, 422)
        assert reply.error["type"] == _INVALID
    assert owner.get(KEYS).json["total_count"] == 0


@pytest.mark.parametrize(
    "key_id", ["none", "key_" + "0" * 32, "..", "a%2Fb", "%00", "key#x", "x" * 101, "a.b", "é"]
)
def test_a_malformed_id_is_not_found(service: Service, key_id: str) -> None:
    owner = an_owner(service)
    reply = owner.delete(f"{KEYS}/{key_id}")
    assert (reply.status, reply.error["type"]) in ((404, "not_found_error"), (400, _INVALID))


def test_another_accounts_key_is_like_an_unknown_one(service: Service) -> None:
    """`H15`: byte for byte."""
    foreign = make_key(an_owner(service))["id"]
    other = an_owner(service, "sam@other.test")
    missing = f"key_{secrets.token_hex(16)}"
    theirs, nobodys = other.delete(f"{KEYS}/{foreign}"), other.delete(f"{KEYS}/{missing}")
    assert _visible(theirs) == _visible(nobodys)
    assert theirs.status == 404


def test_the_list_has_pages(service: Service) -> None:
    owner = an_owner(service)
    for number in range(3):
        make_key(owner, f"Key {number}")
    first = owner.get(f"{KEYS}?limit=2").json
    second = owner.get(f"{KEYS}?limit=2&page=2").json
    assert (len(first["items"]), first["has_more"], first["total_count"]) == (2, True, 3)
    assert (len(second["items"]), second["has_more"]) == (1, False)
    assert owner.get(f"{KEYS}?page=0").error["param"] == "page"


def test_a_leaked_key_is_revoked_at_once_and_admins_get_a_mail(service: Service) -> None:
    """`F12`: every holder of the key may revoke it, and no one else."""
    owner = an_owner(service)
    account_id = account_of(owner)
    add_member(service, account_id, "ada@acme.test", Role.ADMIN)
    add_member(service, account_id, "mo@acme.test", Role.MEMBER)
    made = make_key(owner, "Nightly <sync>")
    service.work()
    before = len(service.outbox)
    finder = service.program("203.0.113.9")
    for useless in (made["id"], made["name"], ApiKeySecret.parse(made["key"]).digest):
        assert finder.post(_LEAKED, {"key": useless}).status == 202
    assert Holder(finder, made["key"]).get(_ACCOUNT).status == 200

    assert finder.post(_LEAKED, {"key": made["key"]}).status == 202
    assert Holder(finder, made["key"]).get(_ACCOUNT).status == 401
    service.work()
    letters = service.outbox[before:]
    assert {letter.to for letter in letters} == {"robin@acme.test", "ada@acme.test"}
    assert all("Nightly <sync>" in letter.text for letter in letters)
    assert all("Nightly &lt;sync&gt;" in letter.html for letter in letters)
    assert not any(made["key"] in str(letter.raw) for letter in letters)
    assert owner.get(KEYS).json["total_count"] == 0


@pytest.mark.parametrize(
    "around",
    [
        "{key}\n",
        "  {key} ",
        "\ufeff{key}\r\n",
        "Bearer {key}",
        "Authorization: Bearer {key}",
        '"{key}"',
        "`{key}`",
        "API_KEY={key}",
        "export API_KEY='{key}';",
        "{key}.",
        "<{key}>,",
        '{{"api_key": "{key}", "n": 1}}',
        "https://auth.example.com/?key={key}&page=1",
        "%22{key}%22",
        "curl -H \\'X-Key: {key}\\'\\n",
        "mykey{key}",
        "_{key}_",
        "{key}x",
        "thub_{key}",
        "thub_0000000000000000000000000000{key}",
        "{key}{key}",
        "夜{key}間",
        "x" * 200_000 + "{key}" + "\u0000" * 1_000,
        "thub%5F{tail}",
        "thub%255f{tail}",
        "thub\\_{tail}",
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_a_leaked_key_is_found_in_any_text(service: Service, around: str) -> None:
    """A log line, a header, a setting: people report the text as they found it."""
    holder = a_holder(service)
    finder = service.program()
    text = around.format(key=holder.key, tail=holder.key.removeprefix("thub_"))
    assert finder.post(_LEAKED, {"key": text}).status == 202
    assert holder.get(_ACCOUNT).status == 401
    assert "revoked" in service.mail_to("robin@acme.test").subject


@pytest.mark.parametrize("wrong", ["without its prefix", "cut", "mixed", "spaced", "upper"])
def test_a_report_of_almost_the_key_revokes_nothing(service: Service, wrong: str) -> None:
    """A report must contain the whole key, character for character."""
    holder = a_holder(service)
    key = holder.key
    texts = {
        "without its prefix": key[5:],
        "cut": key[:-1],
        "mixed": key[:5] + key[:4:-1],
        "spaced": f"{key[:20]} {key[20:]}",
        "upper": key.upper(),
    }
    assert service.program().post(_LEAKED, {"key": texts[wrong]}).status == 202
    assert holder.get(_ACCOUNT).status == 200


def test_ten_keys_of_one_report_are_revoked(service: Service) -> None:
    """Only different keys with a valid checksum count towards the ten."""
    owner = an_owner(service)
    keys = [make_key(owner, f"Key {number}")["key"] for number in range(11)]
    noise = [f"thub_{number:032}" for number in range(500)]
    text = "\n".join(noise + [f"KEY_{n}={key} # {key}" for n, key in enumerate(keys)])
    assert service.program().post(_LEAKED, {"key": text}).status == 202
    answers = [Holder(service.program(), key).get(_ACCOUNT).status for key in keys]
    assert answers == [401] * 10 + [200]
    service.work()
    assert owner.get(KEYS).json["total_count"] == 1
    assert service.program().post(_LEAKED, {"key": text.partition("KEY_10")[2]}).status == 202
    assert Holder(service.program(), keys[10]).get(_ACCOUNT).status == 401


def test_the_cost_of_a_report_depends_only_on_its_text(service: Service, ledger: Ledger) -> None:
    """`F8`: of two texts of one form, nothing shows which one contains valid keys."""
    owner = an_owner(service)
    live = [make_key(owner, f"Key {number}")["key"] for number in range(3)]
    unknown = [ApiKeySecret.new().value for _ in range(3)]
    finder = service.program()
    work = set()
    for keys in (unknown, [live[0], *unknown[:2]], live, live):
        ledger.clear()
        assert finder.post(_LEAKED, {"key": ", ".join(keys)}).status == 202
        work.add(str(ledger.work))
    assert len(work) == 1


def test_every_report_gets_the_same_answer_at_the_same_cost(
    service: Service, ledger: Ledger
) -> None:
    """`F8`: valid, revoked, unknown, garbage and empty."""
    owner = an_owner(service)
    live = make_key(owner)["key"]
    finder = service.program()
    answers, work = set(), set()
    unknown = ApiKeySecret.new().value
    wrapped = (f"Bearer {unknown}\n", f"KEY={live}.")
    for text in (live, live, unknown, *wrapped, "garbage", "", "x" * 100_000, "\u0000é"):
        ledger.clear()
        reply = finder.post(_LEAKED, {"key": text})
        answers.add(str(_visible(reply)))
        work.add(str(ledger.work))
        assert reply.status == 202
    assert len(answers) == 1
    assert len(work) == 1


def test_a_report_that_could_not_be_queued_can_be_repeated(service: Service) -> None:
    """`H3`: the key is revoked, and the mail is not lost."""
    owner = an_owner(service)
    made = make_key(owner)
    sqs = service.engine.client("sqs")
    name = service.settings.mail_queue_url.rpartition("/")[2]
    sqs.delete_queue(QueueUrl=service.settings.mail_queue_url)
    assert service.program().post(_LEAKED, {"key": made["key"]}).status == 503
    assert Holder(service.program(), made["key"]).get(_ACCOUNT).status == 401
    sqs.create_queue(QueueName=name)
    assert service.program().post(_LEAKED, {"key": made["key"]}).status == 202
    assert "revoked" in service.mail_to("robin@acme.test").subject


def test_the_page_creates_shows_once_and_deletes(service: Service, clock: StoppedClock) -> None:
    an_owner(service)
    browser = service.browser()
    sign_in(browser)
    browser.open("/settings/api-keys")
    assert "No keys yet" in browser.page.text
    browser.press("Create key", Name="CI pipeline")
    (key,) = {
        word
        for code in browser.page.root.all("code")
        for word in code.text.split()
        if word.startswith("thub_") and not word.endswith('"')
    }
    line = f'curl -H "Authorization: Bearer {key}" http://localhost:8000/api/v1/account'
    assert line in browser.page.text
    assert browser.page.header("Cache-Control") == "no-store"

    browser.open("/settings/api-keys")
    assert key not in browser.page.html
    assert "never" in browser.page.text
    Holder(service.program(), key).get(_ACCOUNT)
    clock.advance(timedelta(minutes=2, seconds=5))
    browser.open("/settings/api-keys")
    assert "2 minutes ago" in browser.page.text

    browser.follow("Delete CI pipeline")
    assert browser.page.heading == "Delete “CI pipeline”?"
    browser.press("Delete key")
    assert "deleted" in browser.page.status_message
    assert Holder(service.program(), key).get(_ACCOUNT).status == 401


def test_nothing_is_read_after_a_key_is_created(service: Service, ledger: Ledger) -> None:
    """If a later read failed, the answer would be 503, and the new key would be lost."""
    an_owner(service)
    browser = service.browser()
    sign_in(browser)
    browser.open("/settings/api-keys")
    browser.press("Create key", Name="First")
    browser.open("/settings/api-keys")
    ledger.clear()
    browser.press("Create key", Name="Second")
    assert ledger.calls[-1].operation == "TransactWriteItems"
    assert "Delete Second" in browser.page.text
    assert "Delete First" in browser.page.text


def test_a_refused_name_is_shown_with_the_reason(service: Service) -> None:
    an_owner(service)
    browser = service.browser()
    sign_in(browser)
    browser.open("/settings/api-keys")
    browser.press("Create key", Name="x" * 101)
    assert browser.page.status == 422
    field = browser.page.form_of("Create key").fields["Name"]
    assert field.attributes["value"] == "x" * 101
    assert "at most 100" in browser.page.text


def test_a_member_is_redirected_home_with_a_message(service: Service) -> None:
    owner = an_owner(service)
    member = add_member(service, account_of(owner), "mo@acme.test", Role.MEMBER)
    browser = service.browser()
    browser.jar = member.jar
    for path in ("/settings/api-keys", "/settings/api-keys/key_1/delete"):
        browser.open(path)
        assert browser.page.url.partition("?")[0] == "http://localhost:8000/"
        assert "permission" in browser.page.status_message


def test_a_user_without_an_open_account_is_asked_to_choose_one(service: Service) -> None:
    owner = an_owner(service)
    both = add_member(service, account_of(owner), "ada@acme.test", Role.ADMIN, open_now=False)
    browser = service.browser()
    browser.jar = both.jar
    browser.open("/settings/api-keys")
    assert browser.page.url.endswith("/accounts")


def test_a_visitor_is_redirected_to_sign_in(service: Service) -> None:
    browser = service.browser()
    browser.open("/settings/api-keys")
    assert browser.page.url.endswith("/sign-in")


def test_another_accounts_key_has_no_page(service: Service) -> None:
    foreign = make_key(an_owner(service))["id"]
    an_owner(service, "sam@other.test")
    browser = service.browser()
    sign_in(browser, "sam@other.test")
    for key_id in (foreign, "key_none", "a%2Fb"):
        browser.open(f"/settings/api-keys/{key_id}/delete")
        assert browser.page.status == 404


def test_an_old_proof_leads_to_the_proof_page(service: Service, clock: StoppedClock) -> None:
    """`D9`."""
    owner = an_owner(service)
    clock.advance(timedelta(minutes=16))
    reply = owner.call(
        "POST",
        "/settings/api-keys",
        f"name=CI&account_id={account_of(owner)}".encode(),
        Content_Type="application/x-www-form-urlencoded",
    )
    assert reply.status == 303
    assert reply.header("Location") == "/proof?next=%2Fsettings%2Fapi-keys%3Fname%3DCI"
