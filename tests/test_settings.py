"""Settings: their defaults, their ranges, and the errors of invalid ones."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta

import pytest

from chalicelib.settings import Settings, SettingsError

_KEY = b64encode(b"k" * 32).decode()

_SECONDS = (
    "LOCKOUT_WINDOW_SECONDS",
    "LOCKOUT_SECONDS",
    "SOURCE_WINDOW_SECONDS",
    "SESSION_IDLE_SECONDS",
    "SESSION_MAX_SECONDS",
    "PROOF_SECONDS",
    "CONFIRM_LINK_SECONDS",
    "RESET_LINK_SECONDS",
    "UNLOCK_LINK_SECONDS",
    "EMAIL_CHANGE_LINK_SECONDS",
    "EMAIL_CHANGE_UNDO_SECONDS",
    "INVITATION_SECONDS",
)
_COUNTS = (
    "LOCKOUT_ATTEMPTS",
    "CONSECUTIVE_FAILURES_MAX",
    "SOURCE_FAILURES",
    "MAILS_PER_HOUR",
    "API_KEY_REQUESTS_PER_MINUTE",
)


def test_an_empty_environment_has_the_documented_defaults() -> None:
    """`A1`, `A11`, `D5`."""
    settings = Settings.from_environ({})
    assert settings.public_url == "http://localhost:8000"
    assert settings.password_min_length == 15
    assert (settings.argon2_memory_kib, settings.argon2_time) == (47_104, 1)
    assert (settings.session_idle, settings.session_max) == (
        timedelta(hours=12),
        timedelta(days=30),
    )
    assert (settings.lockout_attempts, settings.lockout) == (5, timedelta(minutes=10))
    assert settings.consecutive_failures_max == 100
    assert settings.reset_link == timedelta(hours=1)


@pytest.mark.parametrize("name", _SECONDS)
def test_seconds_have_a_range(name: str) -> None:
    Settings.from_environ({name: "1"})
    Settings.from_environ({name: "31536000"})
    for wrong in ("0", "31536001", "-1", "1.5", "", "ten", "\u0661"):
        with pytest.raises(SettingsError, match=f"{name}.*31,536,000"):
            Settings.from_environ({name: wrong})


@pytest.mark.parametrize("name", _COUNTS)
def test_counts_have_a_range(name: str) -> None:
    Settings.from_environ({name: "1"})
    Settings.from_environ({name: "1000000"})
    for wrong in ("0", "1000001", "many"):
        with pytest.raises(SettingsError, match=f"{name}.*1,000,000"):
            Settings.from_environ({name: wrong})


@pytest.mark.parametrize("length", ["7", "65"])
def test_the_shortest_password_is_never_under_eight_or_over_sixty_four(length: str) -> None:
    """`A1`."""
    with pytest.raises(SettingsError, match=r"PASSWORD_MIN_LENGTH.*8.*64"):
        Settings.from_environ({"PASSWORD_MIN_LENGTH": length})


@pytest.mark.usefixtures("moto")
@pytest.mark.parametrize(("length", "warnings"), [("14", 1), ("15", 0)])
def test_a_start_warns_if_passwords_may_be_shorter_than_nist_allows(
    length: str,
    warnings: int,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """`A1`: once for each start, at every `LOG_LEVEL` but ERROR."""
    from chalicelib import bootstrap

    environ = {
        "PASSWORD_PEPPERS": f"1:{_KEY}",
        "ADDRESS_KEY": _KEY,
        "COOKIE_KEY": _KEY,
        "AWS_REGION": "eu-west-1",
        "LOG_LEVEL": "WARNING",
        "PASSWORD_MIN_LENGTH": length,
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    bootstrap.use(None)
    request.addfinalizer(lambda: bootstrap.use(None))
    bootstrap.services()
    bootstrap.services()
    assert capfd.readouterr().err.count('"short_passwords_allowed"') == warnings


@pytest.mark.usefixtures("moto")
@pytest.mark.parametrize(
    "cost", [("7167", "5"), ("19455", "2"), ("47103", "1"), ("47104", "33")], ids=str
)
def test_a_hash_costs_at_least_owasps_floor_and_at_most_the_ceiling(
    cost: tuple[str, str],
) -> None:
    """`A11`: refused when the process starts."""
    from chalicelib import bootstrap

    secrets = {"PASSWORD_PEPPERS": f"1:{_KEY}", "ADDRESS_KEY": _KEY, "COOKIE_KEY": _KEY}
    memory, time = cost
    environ = {**secrets, "ARGON2_MEMORY_KIB": memory, "ARGON2_TIME": time, "AWS_REGION": "x"}
    with pytest.raises(ValueError, match=r"(?i)argon2"):
        bootstrap.build(Settings.from_environ(environ))


@pytest.mark.parametrize(
    "url",
    [
        "http://auth.acme.test",
        "ftp://auth.acme.test",
        "https://",
        "https://auth.acme.test/?x=1",
        "https://auth.acme.test/#x",
        "https://robin:pw@auth.acme.test",
        "https://auth.acme.test:port",
        "https://\u0430uth.acme.test",
        "auth.acme.test",
    ],
)
def test_the_public_url_is_https_or_on_this_machine(url: str) -> None:
    """`C6`."""
    with pytest.raises(SettingsError, match="PUBLIC_URL"):
        Settings.from_environ({"PUBLIC_URL": url})


@pytest.mark.parametrize(
    "url",
    [
        "http://api.pwnedpasswords.com/range/",
        "ftp://localhost/range/",
        "https://",
        "https://api.acme.test/range/?mode=ntlm",
        "https://robin:pw@api.acme.test/range/",
        "https://api.acme.test/ran\nge/",
        "https://api.acme.test/range /",
        "api.acme.test/range/",
    ],
)
def test_the_breached_password_service_is_https_or_on_this_machine(url: str) -> None:
    """`A5`."""
    with pytest.raises(SettingsError, match="BREACHED_PASSWORDS_URL"):
        Settings.from_environ({"BREACHED_PASSWORDS_URL": url})


def test_leaked_passwords_are_not_looked_up_by_default() -> None:
    """`A5`."""
    assert not Settings.from_environ({}).breached_passwords_url
    assert not Settings.from_environ({"BREACHED_PASSWORDS_URL": ""}).breached_passwords_url
    for url in ("https://api.pwnedpasswords.com/range", "http://localhost:8080/range"):
        settings = Settings.from_environ({"BREACHED_PASSWORDS_URL": f"{url}/"})
        assert settings.breached_passwords_url == url


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("", None),
        ("127.0.0.1:5353", ("127.0.0.1", 5353)),
        ("localhost:53", ("localhost", 53)),
        ("[::1]:5353", ("::1", 5353)),
    ],
)
def test_the_dns_server_can_be_set(text: str, server: tuple[str, int] | None) -> None:
    assert Settings.from_environ({"DNS_SERVER": text}).dns_server == server


@pytest.mark.parametrize(
    "text", ["127.0.0.1", ":53", "host:0", "host:port", "host:99999", "a@b:53", "h:53/x", "[::1:53"]
)
def test_a_server_for_txt_records_is_a_host_and_a_port(text: str) -> None:
    with pytest.raises(SettingsError, match="DNS_SERVER"):
        Settings.from_environ({"DNS_SERVER": text})


def test_a_trailing_slash_of_the_public_url_is_dropped() -> None:
    settings = Settings.from_environ({"PUBLIC_URL": "https://auth.acme.test/"})
    assert settings.public_url == "https://auth.acme.test"


@pytest.mark.parametrize("value", ["not base64!", b64encode(b"short").decode()])
@pytest.mark.parametrize("name", ["ADDRESS_KEY", "COOKIE_KEY"])
def test_a_short_or_broken_key_is_refused_without_being_repeated(name: str, value: str) -> None:
    """`H5`."""
    with pytest.raises(SettingsError, match=name) as refusal:
        Settings.from_environ({name: value})
    assert value not in str(refusal.value)


@pytest.mark.parametrize("name", ["PRODUCT_NAME", "MAIL_FROM", "TABLE_PREFIX"])
@pytest.mark.parametrize("value", ["", "two\nlines"], ids=repr)
def test_texts_are_one_line(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environ({name: value})


def test_log_levels_have_names() -> None:
    assert Settings.from_environ({"LOG_LEVEL": "debug"}).log_level == "DEBUG"
    with pytest.raises(SettingsError, match=r"LOG_LEVEL.*INFO"):
        Settings.from_environ({"LOG_LEVEL": "LOUD"})


def test_a_key_check_has_two_transports() -> None:
    assert Settings.from_environ({}).key_check_transport == "direct"
    assert Settings.from_environ({"KEY_CHECK_TRANSPORT": "sdk"}).key_check_transport == "sdk"
    with pytest.raises(SettingsError, match=r"KEY_CHECK_TRANSPORT must be direct or sdk"):
        Settings.from_environ({"KEY_CHECK_TRANSPORT": "SDK"})


def test_secrets_are_hidden_in_reprs() -> None:
    """`H5`."""
    settings = Settings.from_environ(
        {"PASSWORD_PEPPERS": f"1:{_KEY}", "ADDRESS_KEY": _KEY, "COOKIE_KEY": _KEY}
    )
    assert _KEY not in repr(settings)
    assert "kkkk" not in repr(settings)


@pytest.mark.parametrize("missing", ["PASSWORD_PEPPERS", "ADDRESS_KEY", "COOKIE_KEY"])
def test_no_service_starts_without_its_secrets(missing: str) -> None:
    """`H3`, `H12`."""
    from chalicelib import bootstrap

    secrets = {"PASSWORD_PEPPERS": f"1:{_KEY}", "ADDRESS_KEY": _KEY, "COOKIE_KEY": _KEY}
    del secrets[missing]
    with pytest.raises(SettingsError, match=missing):
        bootstrap.build(Settings.from_environ(secrets))


@pytest.mark.parametrize("value", [f"{_KEY},", f",{_KEY}", f"{_KEY},short"])
def test_each_of_several_cookie_keys_has_to_be_whole(value: str) -> None:
    """`H5`: an empty one would sign with nothing."""
    with pytest.raises(SettingsError, match="COOKIE_KEY"):
        Settings.from_environ({"COOKIE_KEY": value})


@pytest.mark.parametrize("value", ["thub/secrets", "/thub/", "/thub//secrets", "/a b"])
def test_a_path_of_secrets_is_valid_in_parameter_store(value: str) -> None:
    with pytest.raises(SettingsError, match="SECRETS_PATH"):
        Settings.from_environ({"SECRETS_PATH": value})


@pytest.mark.parametrize("value", ["0", "5001", "many"])
def test_the_mails_of_a_source_fit_into_one_item(value: str) -> None:
    """A DynamoDB item holds 400 KB, and every counted mail is an entry of one."""
    assert Settings.from_environ({}).source_mails_per_hour == 20
    assert Settings.from_environ({"SOURCE_MAILS_PER_HOUR": "5000"}).source_mails_per_hour == 5_000
    with pytest.raises(SettingsError, match="SOURCE_MAILS_PER_HOUR"):
        Settings.from_environ({"SOURCE_MAILS_PER_HOUR": value})
