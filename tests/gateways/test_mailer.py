"""Every mail in every language: whole, readable, and each sentence in one place."""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.mail import Mail
from chalicelib.gateways.mail.forms import MAIL_FORMS
from chalicelib.gateways.mail.mailer import Mailer
from chalicelib.gateways.mail.sentences import MAIL_TEMPLATES
from tests.support.personas.users import NOON

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

_LANGUAGES = sorted(path.stem for path in MAIL_TEMPLATES.glob("*.toml"))
_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
_LINK = "https://auth.acme.test/invitation?token=abc&x=1"
_FACTS: dict[str, Any] = {
    "asked_at": NOON,
    "address": "192.0.2.7",
    "client": _FIREFOX,
    "name": "Robin <b>",
    "link": _LINK,
    "sign_in_link": _LINK,
    "reset_link": _LINK + "2",
    "members_link": _LINK,
    "deletion_link": _LINK,
    "lifetime": timedelta(hours=24),
    "old_email": "r…@acme.test",
    "new_email": "robin@elsewhere.test",
    "failures": 7,
    "browser": True,
    "is_owner": True,
    "at": NOON,
    "ends_at": NOON,
    "due_at": NOON,
    "heir_email": "ada@acme.test",
    **dict.fromkeys(
        (
            "inviter_name",
            "account_name",
            "old_owner",
            "new_owner",
            "heir",
            "by",
            "key_name",
            "domain",
            "user_name",
        ),
        "Q & A",
    ),
    **dict.fromkeys(("txt_name", "txt_value", "fingerprint"), "v=1"),
}


def _sent(mail: str, language: str = "en", **changes: Any) -> tuple[EmailMessage, str, str]:
    outbox: list[EmailMessage] = []
    mailer = Mailer(outbox.append, "hub@acme.test", "Hub", language=language)
    mailer.send(Mail("kim@acme.test", mail, {**_FACTS, **changes}))
    (message,) = outbox
    text, html = message.iter_parts()
    return message, text.get_content(), html.get_content()


def _catalogue(language: str) -> dict[str, Any]:
    path: Path = MAIL_TEMPLATES / f"{language}.toml"
    return tomllib.loads(path.read_text("utf-8"))


def _holes(said: Any) -> set[str]:
    return set(re.findall(r"\{\{ (\w+) \}\}", str(said)))


@pytest.mark.parametrize("language", _LANGUAGES)
def test_every_language_says_the_same_things(language: str) -> None:
    ours, english = _catalogue(language), _catalogue("en")
    assert {"common", *MAIL_FORMS} == set(ours)
    for mail, said in english.items():
        assert set(said) == set(ours[mail]), mail
        for name, sentence in said.items():
            assert _holes(sentence) == _holes(ours[mail][name]), (mail, name)


@pytest.mark.parametrize("language", _LANGUAGES)
@pytest.mark.parametrize("mail", MAIL_FORMS)
def test_both_parts_say_all_of_it(mail: str, language: str) -> None:
    message, text, html = _sent(mail, language)
    form, said = MAIL_FORMS[mail], _catalogue(language)[mail]
    assert "{" not in message["Subject"] + text
    assert f'<html lang="{language}">' in html
    assert "<img" not in html
    assert html.count('class="button"') == (form.link is not None)
    if form.link:
        assert said["button"] in html
        assert _FACTS[form.link] in text.splitlines()
        assert _FACTS[form.link].replace("&", "&amp;") in html
    for place in ("192.0.2.7", "Firefox"):
        assert place in text
        assert place in html
    assert ("Robin <b>" in text) == form.greets
    assert "<b>" not in html


def test_times_are_said_in_the_mails_language() -> None:
    _, english, _ = _sent("password_reset")
    _, german, _ = _sent("password_reset", "de")
    assert "The link is good for 24 hours." in english
    assert "When: 24 November 2026, 12:00 UTC\nFrom: 192.0.2.7, Firefox on Linux" in english
    assert "Der Link gilt 24 Stunden." in german
    assert "Wann: 24. November 2026, 12:00 UTC\nVon: 192.0.2.7, Firefox unter Linux" in german


def test_what_does_not_apply_is_not_said() -> None:
    _, text, _ = _sent("new_sign_in", browser=False, failures="", address="", client="")
    assert "wrong passwords" not in text
    assert "From:" not in text
    assert "\n\n\n" not in text


def test_a_name_is_text_and_never_a_sentence_of_ours() -> None:
    _, text, html = _sent("invitation", inviter_name="{{ brand }}", account_name="<i>Acme</i>")
    assert text.startswith("{{ brand }} invites you to <i>Acme</i> at Hub.")
    assert "&lt;i&gt;Acme&lt;/i&gt;" in html


@pytest.mark.parametrize("language", _LANGUAGES)
@pytest.mark.parametrize("mail", MAIL_FORMS)
def test_no_name_makes_a_line_that_is_too_long_to_send(mail: str, language: str) -> None:
    """SES takes a thousand bytes a line, its end included; a name has up to four hundred."""
    long = dict.fromkeys(
        (
            "name",
            "user_name",
            "inviter_name",
            "account_name",
            "old_owner",
            "new_owner",
            "heir",
            "by",
        ),
        "😀" * 100,
    )
    message, text, _ = _sent(mail, language, **long, key_name="😀" * 100, domain="d" * 253)
    assert max(len(line) for line in message.as_bytes().split(b"\r\n")) <= 998
    for name in _holes(_catalogue(language)[mail]["before"]) & set(long):
        assert long[name] in text


def test_buttons_wear_the_operators_colour() -> None:
    outbox: list[EmailMessage] = []
    Mailer(outbox.append, "hub@acme.test", "Hub", "#ffd400").send(
        Mail("kim@acme.test", "password_reset", _FACTS)
    )
    html = list(outbox[0].iter_parts())[1].get_content()
    assert "background-color:#ffd400" in html
    assert "color:#000000" in html
