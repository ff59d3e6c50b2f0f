"""Single sign-on in a real browser: set up, tried, enforced, and then a person's way in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib.domain.sso.provider import ServiceProvider
from tests.support.browser.chromium import open_tab
from tests.support.personas.journeys import PASSWORD, sign_in, sign_up
from tests.support.saml.providers import ALICE, Mode, Provider
from tests.support.saml.providers import PASSWORD as AT_THE_PROVIDER
from tests.support.servers import dns_server
from tests.support.servers.stack import Stack, running_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.support.servers.dns_server import DnsServer

pytestmark = [pytest.mark.browser, pytest.mark.stack]

_DOMAIN = ALICE.partition("@")[2]
_OWNER = f"olga@{_DOMAIN}"
_SETTINGS = "/settings/single-sign-on"


@pytest.fixture(scope="module")
def dns() -> Iterator[DnsServer]:
    with dns_server.running() as server:
        yield server


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, dns: DnsServer) -> Iterator[Stack]:
    """One that asks our DNS server."""
    host, port = dns.address
    scratch = tmp_path_factory.mktemp("stack")
    with running_stack(scratch, DNS_SERVER=f"{host}:{port}") as started:
        yield started


def _enter_as_owner(tab: Page, stack: Stack) -> None:
    """Sign up by forms, and hand the session to the tab."""
    browser = stack.browser()
    sign_up(browser, _OWNER)
    browser.open(stack.await_link(_OWNER))
    browser.press("Confirm email")
    sign_in(browser, _OWNER, PASSWORD)
    jar = browser.jar.values
    tab.context.add_cookies([{"name": n, "value": v, "url": stack.origin} for n, v in jar.items()])


def _connect(tab: Page, php: Provider) -> None:
    tab.goto(_SETTINGS)
    entity_id, acs_url = tab.locator("dl.facts code.secret").all_inner_texts()
    php.serve(ServiceProvider(entity_id, acs_url), Mode.BOTH)
    tab.get_by_role("textbox", name="Metadata (XML)").fill(php.metadata.decode())
    tab.get_by_role("button", name="Save connection").click()
    tab.get_by_text("The connection is saved").wait_for()
    read = tab.get_by_role("textbox", name="Entity id").input_value()
    assert read == php.identity.entity_id


def _prove_the_domain(tab: Page, dns: DnsServer) -> None:
    tab.get_by_role("textbox", name="Domain", exact=True).fill(_DOMAIN)
    tab.get_by_role("button", name="Add domain").click()
    name, value = tab.locator("ul.rows code.secret").all_inner_texts()
    tab.get_by_role("button", name=f"Verify {_DOMAIN}").click()
    tab.get_by_role("alert").wait_for()
    dns.records[name] = [value]
    tab.get_by_role("button", name=f"Verify {_DOMAIN}").click()
    tab.get_by_text("Proved", exact=True).wait_for()


def _at_the_provider(tab: Page, php: Provider) -> None:
    """Fill in SimpleSAMLphp's own form; its next page posts itself to us."""
    tab.wait_for_url(f"{php.identity.sso_url.rpartition('/saml2/')[0]}/**")
    tab.locator("#username").fill(ALICE)
    tab.locator("#password").fill(AT_THE_PROVIDER)
    tab.locator("#password").press("Enter")


def _try(tab: Page, stack: Stack, php: Provider) -> None:
    tab.get_by_role("link", name="Test connection").click()
    _at_the_provider(tab, php)
    tab.wait_for_url(f"{stack.origin}{_SETTINGS}")
    tab.get_by_text("It worked").wait_for()
    assert ALICE in tab.inner_text("main")
    assert "Alice Acme" in tab.inner_text("main")


def _enforce(tab: Page) -> None:
    tab.get_by_role("button", name="Enforce").click()
    tab.get_by_text("Single sign-on is enforced").first.wait_for()


def _arrive(tab: Page, stack: Stack, php: Provider) -> None:
    """Email, Continue, the provider's page, back, signed in."""
    tab.goto("/sign-in")
    tab.get_by_role("textbox", name="Email").fill(ALICE)
    tab.get_by_role("button", name="Continue").click()
    tab.get_by_role("link", name="Continue with single sign-on").click()
    _at_the_provider(tab, php)
    tab.wait_for_url(f"{stack.origin}/")
    tab.get_by_role("button", name="Sign out").first.wait_for(state="attached")
    names = {cookie["name"] for cookie in tab.context.cookies(stack.origin)}
    assert {"thub_session", "thub_sso"} <= names


def test_a_company_sets_it_up_and_its_people_come_in(
    tab: Page, stack: Stack, dns: DnsServer, php: Provider, chromium: Browser
) -> None:
    """`E6`: the answer comes from another site, and only to the browser that asked."""
    _enter_as_owner(tab, stack)
    _connect(tab, php)
    _prove_the_domain(tab, dns)
    _try(tab, stack, php)
    _enforce(tab)
    with open_tab(chromium, stack.origin) as elsewhere:
        _arrive(elsewhere, stack, php)
