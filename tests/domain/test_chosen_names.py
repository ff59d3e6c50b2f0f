"""Allowed names of users, accounts, workspaces and keys."""

from __future__ import annotations

import pytest

from chalicelib.domain.chosen_names import (
    looks_like_link,
    parse_thing_name,
    parse_user_name,
    without_links,
)
from chalicelib.domain.errors import InvalidValueError

PRODUCT = "Terminus Hub"
ORDINARY = [
    "Kim",
    "Ltd.",
    "Acme, Inc.",
    "St. John's",
    "Dr. Kim",
    "M\u00fcller & S\u00f6hne GmbH",
    "J.R.R. Tolkien",
    "Node.js Team",
    "\u5c71\u7530 \u592a\u90ce",
    "\u30e2\u30fc\u30cb\u30f3\u30b0\u5a18\u3002",
    "O'Neil",
    "Anne-Marie",
    "Col\u00b7lectiu Gal\u00b7la",
    "Version 2.0",
    "Systems & Sons",
    "Operators United",
    "Supporters' Club",
    "Terminus Caf\u00e9",
    "Cooperative Hub",
    "\u0418\u0432\u0430\u043d \u041f\u0435\u0442\u0440\u043e\u0432",
    "\u0645\u062d\u0645\u062f \u0639\u0644\u06cc",
    "Wait\u2026",
]
LINKS = [
    "evil.com/login",
    "Go to evil.com",
    "https:\uff0f\uff0fevil.com",
    "https://evil",
    "www.evil",
    "WWW\uff0eevil",
    "evil\u3002com",
    "evil\uff0ecom",
    "evil\uff61com",
    "evil\u2024com",
    "evil.\uff43\uff4f\uff4d",
    "EVIL.COM",
    "evil.c\u200do\u200dm",
    "evil.co\u034fm",
    "evil.c\u0323om",
    "\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444",
    "shop.xn--p1ai",
    "kim@evil.test",
    "kim\uff20evil",
    "192.0.2.1/login",
    "t.co",
    "Booking.com",
    "evil.co.uk.",
]
IMITATIONS = [
    "Operator Kim",
    "operator",
    "The Operator",
    "\u041eperator Kim",
    "0perator",
    "Op\u00e9rator",
    "[Operator] Kim",
    "The service",
    "the  service!",
    "Terminus Hub",
    "TERMINUS HUB Security",
    "TerminusHub",
    "Terminus-Hub Team",
    "Termlnus Hub",
    "Terrninus Hub",
    "\uff34erminus Hub",
    "Term\u200dinus Hub",
]
OFFICES = ["Support", "support team", "System", "Administrator of Acme"]


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_name_is_accepted(name: str) -> None:
    assert parse_user_name(name, "name", PRODUCT) == name
    assert parse_thing_name(name, "name", PRODUCT) == name
    assert without_links(name) == name


@pytest.mark.parametrize("name", LINKS)
def test_a_name_that_looks_like_a_link_is_refused_with_what_to_do(name: str) -> None:
    for parse in (parse_user_name, parse_thing_name):
        with pytest.raises(InvalidValueError, match=r"[Ll]eave out|Remove") as refused:
            parse(name, "name", PRODUCT)
        assert refused.value.param == "name"


@pytest.mark.parametrize("name", ["evil\u202ecom", "evil\u200bcom", "evil\u2066.com", "a\u0000b"])
def test_a_name_with_control_or_format_characters_is_refused(name: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_user_name(name, "name", PRODUCT)


@pytest.mark.parametrize("name", IMITATIONS)
def test_a_name_that_looks_like_the_product_or_its_operators_is_refused(name: str) -> None:
    for parse in (parse_user_name, parse_thing_name):
        with pytest.raises(InvalidValueError, match="the service or its operators"):
            parse(name, "account_name", PRODUCT)


@pytest.mark.parametrize("name", OFFICES)
def test_a_workspace_may_be_called_support_and_a_user_may_not(name: str) -> None:
    assert parse_thing_name(name, "name", PRODUCT) == name
    with pytest.raises(InvalidValueError):
        parse_user_name(name, "name", PRODUCT)


@pytest.mark.parametrize("name", LINKS)
def test_an_old_name_is_broken_up_so_that_no_mail_program_makes_a_link_of_it(name: str) -> None:
    shown = without_links(name)
    assert not looks_like_link(shown)
    assert "://" not in shown
    assert shown.replace(" ", "")
