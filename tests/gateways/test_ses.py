"""What SES is given, call by call."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.mail import Mail, MailRequest, SourceEntry
from chalicelib.gateways.mail.mailer import Mailer
from chalicelib.gateways.mail.ses import MESSAGE_TAGS, Ses
from tests.support.personas.users import NOON

if TYPE_CHECKING:
    from collections.abc import Mapping

_COUNT, _MESSAGE = "A" * 43, "msg_" + "0" * 32


class _Client:
    """SES, as far as what it is given."""

    def __init__(self) -> None:
        self.given: dict[str, Any] = {}

    def send_raw_email(self, **parameters: Any) -> None:
        """Keep what is given."""
        self.given = parameters


def _given(request: MailRequest, configuration_set: str = "thub-mail") -> Mapping[str, Any]:
    client = _Client()
    mailer = Mailer(Ses(client, configuration_set), "hub@acme.test", "Zoë & Söhne")
    context = {
        "request": request,
        "name": "Kim",
        "link": "https://auth.acme.test/x",
        "lifetime": timedelta(hours=1),
        "asked_at": NOON,
        "address": "192.0.2.7",
        "client": "",
    }
    mailer.send(Mail("kim@acme.test", "password_reset", context))
    return client.given


def test_the_source_is_the_bare_address() -> None:
    given = _given(MailRequest())
    assert given["Source"] == "hub@acme.test"
    assert given["Destinations"] == ["kim@acme.test"]


def test_a_mail_goes_through_the_configuration_set_with_its_source_as_tags() -> None:
    given = _given(MailRequest(source=SourceEntry(_COUNT, _MESSAGE)))
    assert given["ConfigurationSetName"] == "thub-mail"
    assert given["Tags"] == [
        {"Name": "source", "Value": _COUNT},
        {"Name": "message", "Value": _MESSAGE},
    ]
    assert MESSAGE_TAGS.encode() not in given["RawMessage"]["Data"]


@pytest.mark.parametrize("source", [SourceEntry(), SourceEntry(_COUNT, _MESSAGE)])
def test_without_a_configuration_set_nothing_is_tagged(source: SourceEntry) -> None:
    given = _given(MailRequest(source=source), "")
    assert given.keys() == {"Source", "Destinations", "RawMessage"}
    assert MESSAGE_TAGS.encode() not in given["RawMessage"]["Data"]


def test_a_notice_has_no_tags() -> None:
    assert _given(MailRequest())["Tags"] == []
