"""Outstanding links, on every engine."""

from __future__ import annotations

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
    link = a_link(a_sign_up())
    Links().add(link)
    assert Links().find(link.digest, _CONFIRM, NOON) == link


def test_looking_at_a_link_leaves_it_good() -> None:
    """`B16`: mail scanners open links."""
    link = a_link(a_sign_up())
    Links().add(link)
    Links().find(link.digest, _CONFIRM, NOON)
    assert Links().find(link.digest, _CONFIRM, NOON) == link


def test_an_unknown_link_is_refused() -> None:
    with pytest.raises(LinkInvalidError):
        Links().find(SecretToken.new().digest, _CONFIRM, NOON)


def test_an_expired_link_is_refused_though_it_is_still_stored() -> None:
    """`C5`."""
    link = a_link(a_sign_up())
    Links().add(link)
    Links().find(link.digest, _CONFIRM, link.expires_at - timedelta(seconds=1))
    with pytest.raises(LinkInvalidError):
        Links().find(link.digest, _CONFIRM, link.expires_at)
