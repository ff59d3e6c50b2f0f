"""`/password-reset` and `/account-unlock`: request a link, and use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap import services, settings
from chalicelib.domain.clock import in_words
from chalicelib.domain.email_address import EmailAddress
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.cookies import keep_email, kept_email
from chalicelib.web.kit.html.rendering import page, see_other
from chalicelib.web.kit.requests import origin_of, query_parameter, read_form
from chalicelib.web.kit.routing.pages import Pages
from chalicelib.web.kit.visitor import browser_of

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.web.kit.errors import HttpError

password_reset_pages = Pages(__name__)

# Shown after an email change was stopped or undone.
_NOTICES = {
    "email-change-stopped": "The change is stopped, and every session has ended. Set a new"
    " password now: whoever asked for the change knows the old one.",
    "email-taken-back": "Your old email is back, and every session has ended. Set a new password to"
    " sign in.",
}


def _refused_reset(form: dict[str, str], words: HttpError) -> Response:
    if words.code == "link_invalid":
        return _link_invalid(words, "/password-reset")
    if "token" in form:
        return _reset_form(form["token"], words.message, words.status)
    return _reset_request(form.get("email", ""), words.message, words.status)


@password_reset_pages.view("GET /password-reset", access=Access.ANYONE, refused=_refused_reset)
def show_password_reset() -> Response:
    """Ask for the email or, with a token, for the new password; a GET changes nothing."""
    request = password_reset_pages.current_request
    token = query_parameter(request, "token")
    if not token:
        if query_parameter(request, "step") == "sent":
            return _reset_request(kept_email(request.headers) or "", sent=True)
        return _reset_request(notice=_NOTICES.get(query_parameter(request, "done")))
    services().password_reset.check(token)
    return _reset_form(token)


@password_reset_pages.view("POST /password-reset", access=Access.ANYONE, refused=_refused_reset)
def reset_password() -> Response:
    """Request a link, or spend it."""
    request = password_reset_pages.current_request
    form = read_form(request)
    if "token" not in form:
        email = EmailAddress.parse(form.get("email", ""))
        services().password_reset.request(email, browser_of(request))
        return see_other("/password-reset?step=sent", cookies=[keep_email(email.value)])
    services().password_reset.complete(form["token"], form.get("password", ""), origin_of(request))
    return see_other("/sign-in?done=password-set")


def _refused_unlock(form: dict[str, str], words: HttpError) -> Response:
    if words.code == "link_invalid":
        return _link_invalid(words, "/account-unlock")
    return _unlock_request(form.get("email", ""), words.message, words.status)


@password_reset_pages.view("GET /account-unlock", access=Access.ANYONE, refused=_refused_unlock)
def show_account_unlock() -> Response:
    """Show the button or, without a token, ask for the email; a GET changes nothing."""
    request = password_reset_pages.current_request
    token = query_parameter(request, "token")
    if not token:
        if query_parameter(request, "step") == "sent":
            return _unlock_request(kept_email(request.headers) or "", sent=True)
        return _unlock_request()
    services().account_unlock.check(token)
    return page("sign_in/account_unlock.html", token=token)


@password_reset_pages.view("POST /account-unlock", access=Access.ANYONE, refused=_refused_unlock)
def unlock_account() -> Response:
    """Request a link, or spend it."""
    request = password_reset_pages.current_request
    form = read_form(request)
    if "token" not in form:
        email = EmailAddress.parse(form.get("email", ""))
        services().account_unlock.request(email, browser_of(request))
        return see_other("/account-unlock?step=sent", cookies=[keep_email(email.value)])
    services().account_unlock.complete(form["token"], origin_of(request))
    return see_other("/sign-in?done=unlocked")


def _reset_request(
    email: str = "",
    error: str | None = None,
    status: int = 200,
    *,
    sent: bool = False,
    notice: str | None = None,
) -> Response:
    return page(
        "sign_in/password_reset_request.html",
        status=status,
        values={"email": email},
        error=error,
        sent=sent,
        notice=notice,
        lifetime=in_words(settings().reset_link),
    )


def _reset_form(token: str, error: str | None = None, status: int = 200) -> Response:
    return page(
        "sign_in/password_reset.html",
        status=status,
        token=token,
        error=error,
        password_min=settings().password_min_length,
    )


def _unlock_request(
    email: str = "", error: str | None = None, status: int = 200, *, sent: bool = False
) -> Response:
    return page(
        "sign_in/account_unlock_request.html",
        status=status,
        values={"email": email},
        error=error,
        sent=sent,
        lifetime=in_words(settings().unlock_link),
    )


def _link_invalid(words: HttpError, again_url: str) -> Response:
    return page(
        "sign_in/link_invalid.html",
        status=words.status,
        again_url=again_url,
        again_label="Send a fresh link",
    )
