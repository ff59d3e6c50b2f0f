"""`/sign-up`, `/check-your-email` and `/email-confirmation`."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from chalicelib.bootstrap import services, settings
from chalicelib.domain.email_address import EmailAddress
from chalicelib.domain.errors import DomainError
from chalicelib.domain.passwords.policy import PasswordTooShortError
from chalicelib.domain.sign_in.sign_up import SignUpForm
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.chosen_names import user_name
from chalicelib.web.kit.cookies import confirmed_cookies, keep_email, kept_email, sign_up_cookie
from chalicelib.web.kit.errors import http_error
from chalicelib.web.kit.html.rendering import page, see_other
from chalicelib.web.kit.requests import query_parameter, read_form
from chalicelib.web.kit.routing.pages import Pages
from chalicelib.web.kit.visitor import browser_of, confirmation_evidence, sign_up_ticket

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.web.kit.errors import HttpError

sign_up_pages = Pages(__name__)

_NO_VALUES = {"name": "", "email": "", "account_name": ""}


@sign_up_pages.view("GET /sign-up", access=Access.ANYONE)
def show_sign_up() -> Response:
    """Show the empty form."""
    return _form(_NO_VALUES, {})


def _refused_sign_up(form: dict[str, str], words: HttpError) -> Response:
    values = {name: form.get(name, "") for name in _NO_VALUES}
    errors = {**_faults(form), words.param or "password": words.message}
    return _form(values, errors, words.status)


def _faults(form: dict[str, str]) -> dict[str, str]:
    """Return the errors of all fields, so that the user sees them at once."""
    checks = (
        ("name", lambda text: user_name(text, "name")),
        ("email", EmailAddress.parse),
        ("account_name", lambda text: user_name(text, "account_name")),
    )
    faults = {} if form.get("password") else {"password": PasswordTooShortError.message}
    for field, parse in checks:
        try:
            parse(form.get(field, ""))
        except DomainError as error:
            faults[field] = http_error(error).message
    return faults


@sign_up_pages.view("POST /sign-up", access=Access.ANYONE, refused=_refused_sign_up)
def sign_up() -> Response:
    """Store a sign-up; the next page is the same whether or not the email is taken."""
    request = sign_up_pages.current_request
    form = read_form(request)
    given = SignUpForm(
        name=user_name(form.get("name", ""), "name"),
        email=EmailAddress.parse(form.get("email", "")),
        account_name=user_name(form.get("account_name", ""), "account_name"),
        password=form.get("password", ""),
    )
    ticket = services().sign_up.begin(given, browser_of(request))
    cookies = [sign_up_cookie().set(ticket.text), keep_email(given.email.value)]
    return see_other("/check-your-email", cookies=cookies)


@sign_up_pages.view("GET /check-your-email", access=Access.ANYONE)
def show_check_your_email() -> Response:
    """Show what to do next, and offer a new link."""
    request = sign_up_pages.current_request
    resent = query_parameter(request, "done") == "resent"
    notice = "If that address can sign up, another mail is on its way." if resent else None
    email = kept_email(request.headers)
    return page(
        "sign_in/check_your_email.html", email=email, email_error=None, resent=resent, notice=notice
    )


def _refused_resend(form: dict[str, str], words: HttpError) -> Response:
    del form
    return page(
        "sign_in/check_your_email.html",
        status=words.status,
        email=None,
        email_error=words.message,
        resent=False,
    )


@sign_up_pages.view("POST /check-your-email", access=Access.ANYONE, refused=_refused_resend)
def resend() -> Response:
    """Request a new link."""
    request = sign_up_pages.current_request
    email = EmailAddress.parse(read_form(request).get("email", ""))
    services().sign_up.resend(email, sign_up_ticket(request), browser_of(request))
    return see_other("/check-your-email?done=resent", cookies=[keep_email(email.value)])


@sign_up_pages.view(
    "GET /email-confirmation",
    access=Access.ANYONE,
    refused=lambda _, words: _confirmation("", words),
)
def show_email_confirmation() -> Response:
    """Show the button; a GET never spends the link (conformance B16)."""
    request = sign_up_pages.current_request
    token = query_parameter(request, "token")
    if not token:
        return page("sign_in/link_missing.html", status=HTTPStatus.GONE)
    return _confirmation_form(token)


@sign_up_pages.view(
    "POST /email-confirmation",
    access=Access.ANYONE,
    refused=lambda form, words: _confirmation(form.get("token", ""), words),
)
def confirm_email() -> Response:
    """Spend the link; the user signs in next."""
    request = sign_up_pages.current_request
    form = read_form(request)
    evidence = confirmation_evidence(request, form.get("password"))
    confirmed = services().email_confirmation.complete(
        form.get("token", ""), evidence, browser_of(request)
    )
    onward = "/profile?done=email-changed" if confirmed.in_session else "/sign-in?done=confirmed"
    return see_other(onward, cookies=confirmed_cookies(confirmed))


def _confirmation(token: str, words: HttpError) -> Response:
    if words.code == "link_invalid":
        return page(
            "sign_in/link_invalid.html",
            status=words.status,
            again_url="/check-your-email",
            again_label="Send a fresh link",
            may_be_sso=True,
        )
    return _confirmation_form(token, words)


def _confirmation_form(token: str, refusal: HttpError | None = None) -> Response:
    evidence = confirmation_evidence(sign_up_pages.current_request)
    opened = services().email_confirmation.look(token, evidence)
    return page(
        "sign_in/email_confirmation.html",
        status=refusal.status if refusal else HTTPStatus.OK,
        token=token,
        needs_password=opened.needs_password,
        user_name=opened.user.name if opened.user else None,
        old_email=opened.user.email.masked if opened.user else None,
        error=refusal.message if refusal and refusal.code != "password_required" else None,
    )


def _form(values: dict[str, str], errors: dict[str, str], status: int = 200) -> Response:
    return page(
        "sign_in/sign_up.html",
        status=status,
        values=values,
        errors=errors,
        password_min=settings().password_min_length,
    )
