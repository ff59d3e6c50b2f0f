"""What users do before the part that a test is about."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from tests.support.personas.remembered import remembered

if TYPE_CHECKING:
    from tests.support.http import Browser, Program, Reply
    from tests.support.service import Service

ADDRESS = "robin@acme.test"
PASSWORD = "violet harbour under snow"
OTHER_PASSWORD = "copper lanterns on the moor"


def sign_up(browser: Browser, address: str = ADDRESS, password: str = PASSWORD) -> None:
    """Fill in the sign-up form."""
    browser.open("/sign-up")
    browser.press(
        "Create account", Name="Robin", Email=address, Password=password, Account_name="Acme"
    )


def sign_in(browser: Browser, address: str = ADDRESS, password: str = PASSWORD) -> None:
    """Do both steps of a sign-in."""
    browser.open("/sign-in")
    browser.press("Continue", Email=address)
    browser.press("Sign in", Password=password)


@remembered
def become_a_user(service: Service, address: str = ADDRESS, password: str = PASSWORD) -> Browser:
    """Sign up and confirm; the browser isn't signed in yet."""
    browser = service.browser()
    sign_up(browser, address, password)
    browser.open(service.mail_to(address).link)
    browser.press("Confirm email")
    return browser


@remembered
def signed_in_program(
    service: Service, address: str = ADDRESS, password: str = PASSWORD
) -> Program:
    """Sign in a program as an existing user."""
    program = service.program()
    reply = ask_sign_in(program, address, password)
    assert reply.status == 200, reply.text
    return program


def ask_sign_in(program: Program, address: str = ADDRESS, password: str = PASSWORD) -> Reply:
    """Request a session."""
    return program.post("/auth/sign_in", {"email": address, "password": password})


def ask_sign_up(program: Program, address: str = ADDRESS, password: str = PASSWORD) -> Reply:
    """Request a sign-up."""
    body = {"name": "Robin", "email": address, "password": password, "account_name": "Acme"}
    return program.post("/auth/sign_up", body)


def token_of(link: str) -> str:
    """Return the token of a mailed link."""
    (token,) = parse_qs(urlsplit(link).query)["token"]
    return token
