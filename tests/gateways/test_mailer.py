"""Every mail in every language: complete and readable."""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.mail import Mail, MailRefusedError
from chalicelib.gateways.mail.forms import FORM_FIELDS, mail_forms
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
def test_every_language_has_the_same_texts_and_values(language: str) -> None:
    ours, english = _catalogue(language), _catalogue("en")
    assert {"common", *mail_forms()} == set(ours)
    for mail, said in english.items():
        sentences = {name: said[name] for name in said.keys() - FORM_FIELDS}
        assert set(sentences) == ours[mail].keys() - FORM_FIELDS, mail
        for name, sentence in sentences.items():
            assert _holes(sentence) == _holes(ours[mail][name]), (mail, name)


@pytest.mark.parametrize("language", _LANGUAGES)
@pytest.mark.parametrize("mail", mail_forms())
def test_both_parts_of_a_mail_are_complete(mail: str, language: str) -> None:
    message, text, html = _sent(mail, language)
    form, said = mail_forms()[mail], _catalogue(language)[mail]
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


def test_times_are_written_in_the_mails_language() -> None:
    _, english, _ = _sent("password_reset")
    _, german, _ = _sent("password_reset", "de")
    assert "The link is good for 24 hours." in english
    assert "When: 24 November 2026, 12:00 UTC\nFrom: 192.0.2.7, Firefox on Linux" in english
    assert "Der Link gilt 24 Stunden." in german
    assert "Wann: 24. November 2026, 12:00 UTC\nVon: 192.0.2.7, Firefox unter Linux" in german


def test_paragraphs_that_do_not_apply_are_left_out() -> None:
    _, text, _ = _sent("new_sign_in", browser=False, failures="", address="", client="")
    assert "wrong passwords" not in text
    assert "From:" not in text
    assert "\n\n\n" not in text


def test_a_name_is_never_read_as_a_template() -> None:
    _, text, html = _sent("invitation", inviter_name="{{ brand }}", account_name="<i>Acme</i>")
    assert text.startswith("{{ brand }} invites you to <i>Acme</i> at Hub.")
    assert "&lt;i&gt;Acme&lt;/i&gt;" in html


@pytest.mark.parametrize("language", _LANGUAGES)
@pytest.mark.parametrize("mail", mail_forms())
def test_no_name_makes_a_line_that_is_too_long_to_send(mail: str, language: str) -> None:
    """SES accepts a thousand bytes a line, its end included; a name has up to four hundred."""
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


@pytest.mark.parametrize("language", _LANGUAGES)
@pytest.mark.parametrize("mail", mail_forms())
def test_every_body_has_seven_bits(mail: str, language: str) -> None:
    """SES may not pass on 8-bit text unchanged; plain ASCII stays readable as it is."""
    message, text, html = _sent(mail, language, name="Zoë 😀")
    assert message.as_bytes().isascii()
    for part, content in zip(message.iter_parts(), (text, html), strict=True):
        encoding = part["Content-Transfer-Encoding"]
        assert encoding == ("7bit" if content.isascii() else "quoted-printable")


@pytest.mark.parametrize("brand", ["Hub", "Zoë & Söhne", 'Hub, "Inc" <x>', "集線器" * 4])
def test_the_senders_name_is_encoded_and_reads_as_it_is(brand: str) -> None:
    outbox: list[EmailMessage] = []
    Mailer(outbox.append, "hub@acme.test", brand).send(Mail("kim@acme.test", "invitation", _FACTS))
    written = outbox[0].as_bytes()
    assert written.isascii()
    (sender,) = message_from_bytes(written, policy=default)["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (brand, "hub@acme.test")


@pytest.mark.parametrize("lines", ["a\r\nBcc: x@evil.test", "a\nb", "a\rb", "a\u2028b", "a\x0bb"])
def test_a_line_break_in_a_name_starts_no_header(lines: str) -> None:
    message, _, _ = _sent("invitation", inviter_name=lines, account_name=lines)
    assert message["Bcc"] is None
    assert len(message["Subject"].splitlines()) == 1


@pytest.mark.parametrize(
    "email", ["kim@acme.test\r\nBcc: x@evil.test", "kim\n@acme.test", "ä@x.test"]
)
def test_an_older_rows_odd_address_is_refused(email: str) -> None:
    outbox: list[EmailMessage] = []
    mailer = Mailer(outbox.append, "hub@acme.test", "Hub")
    with pytest.raises(MailRefusedError, match="InvalidAddress"):
        mailer.send(Mail(email, "password_reset", _FACTS))
    assert outbox == []


def test_buttons_have_the_operators_colour() -> None:
    outbox: list[EmailMessage] = []
    Mailer(outbox.append, "hub@acme.test", "Hub", "#ffd400").send(
        Mail("kim@acme.test", "password_reset", _FACTS)
    )
    html = list(outbox[0].iter_parts())[1].get_content()
    assert "background-color:#ffd400" in html
    assert "color:#000000" in html
