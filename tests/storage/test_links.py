"""Outstanding links, on every engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.errors import LinkInvalidError
from chalicelib.domain.links import LinkPurpose
from chalicelib.domain.tokens import SecretToken
from chalicelib.storage.links import Links
from tests.support.people import NOON, a_link, a_sign_up

pytestmark = pytest.mark.usefixtures("connection")
_CONFIRM = LinkPurpose.CONFIRM_SIGN_UP


def test_a_link_is_found_by_its_digest() -> None:
    token = SecretToken.new()
    link = replace(a_link(a_sign_up()), digest=token.digest)
    Links().add(link)
    assert Links().find(token.value, NOON, _CONFIRM) == link


def test_looking_at_a_link_leaves_it_good() -> None:
    """`B16`: mail scanners open links."""
    token = SecretToken.new()
    link = replace(a_link(a_sign_up()), digest=token.digest)
    Links().add(link)
    Links().find(token.value, NOON, _CONFIRM)
    assert Links().find(token.value, NOON, _CONFIRM) == link


def test_an_unknown_link_is_refused() -> None:
    with pytest.raises(LinkInvalidError):
        Links().find(SecretToken.new().value, NOON, _CONFIRM)


def test_an_expired_link_is_refused_though_it_is_still_stored() -> None:
    """`C5`."""
    token = SecretToken.new()
    link = replace(a_link(a_sign_up()), digest=token.digest)
    Links().add(link)
    Links().find(token.value, link.expires_at - timedelta(seconds=1), _CONFIRM)
    with pytest.raises(LinkInvalidError):
        Links().find(token.value, link.expires_at, _CONFIRM)
