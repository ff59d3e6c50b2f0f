"""Outstanding links, on every engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import LinkInvalidError
from chalicelib.domain.sign_in.link import Link, LinkPurpose
from chalicelib.domain.tokens import SecretToken
from chalicelib.storage.users.links import Links
from tests.support.personas.users import NOON, a_link, a_sign_up

pytestmark = pytest.mark.usefixtures("connection")
_CONFIRM = LinkPurpose.CONFIRM_SIGN_UP
_OTHERS = [purpose for purpose in LinkPurpose if purpose is not _CONFIRM]


def _mailed() -> tuple[str, Link]:
    token = SecretToken.new()
    link = replace(a_link(a_sign_up()), digest=token.digest)
    Links().add(link)
    return token.value, link


def test_a_link_is_found_by_its_token() -> None:
    token, link = _mailed()
    assert Links().find(token, NOON, _CONFIRM) == link


def test_looking_at_a_link_leaves_it_good() -> None:
    """`B16`: mail scanners open links."""
    token, link = _mailed()
    Links().find(token, NOON, _CONFIRM)
    assert Links().find(token, NOON, _CONFIRM) == link


def test_the_digest_alone_opens_nothing() -> None:
    """`C2`: whoever has read the table has no link."""
    _, link = _mailed()
    with pytest.raises(LinkInvalidError):
        Links().find(link.digest, NOON, _CONFIRM)


def test_a_link_works_only_for_its_own_purpose() -> None:
    """`C4`."""
    token, _ = _mailed()
    with pytest.raises(LinkInvalidError):
        Links().find(token, NOON, *_OTHERS)


def test_an_unknown_or_malformed_link_is_refused() -> None:
    for token in (SecretToken.new().value, "", "short"):
        with pytest.raises(LinkInvalidError):
            Links().find(token, NOON, _CONFIRM)


def test_an_expired_link_is_refused_though_it_is_still_stored() -> None:
    """`C5`."""
    token, link = _mailed()
    Links().find(token, link.expires_at - timedelta(seconds=1), _CONFIRM)
    with pytest.raises(LinkInvalidError):
        Links().find(token, link.expires_at, _CONFIRM)
