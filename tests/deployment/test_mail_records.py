"""The DNS records of the mails' sender are those that SES and the documents name."""

from __future__ import annotations

from infra.stack.mail_records import mail_from_domain, mail_records
from tests.support.servers.children import ROOT

_LINES = [
    "bounce.example.com  MX  10 feedback-smtp.eu-west-1.amazonses.com",
    'bounce.example.com  TXT  "v=spf1 include:amazonses.com ~all"',
    '_dmarc.example.com  TXT  "v=DMARC1; p=quarantine"',
]


def test_the_envelopes_domain_receives_bounces_and_names_who_may_send() -> None:
    assert mail_from_domain("example.com") == "bounce.example.com"
    assert [str(record) for record in mail_records("example.com", "eu-west-1")] == _LINES


def test_operators_read_the_same_records() -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    assert "\n".join(_LINES) in page
