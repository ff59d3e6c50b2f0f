"""`/sign-in`: the email first, then how its domain signs in; `/sign-out`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap import services, settings
from chalicelib.domain.email_address import EmailAddress
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.cookies import keep_email, session_cookie, signed_in_cookies
from chalicelib.web.kit.html.rendering import page, see_other
from chalicelib.web.kit.requests import origin_of, query_parameter, read_form
from chalicelib.web.kit.routing.pages import Pages
from chalicelib.web.kit.visitor import CLEAR_SITE_DATA, browser_of, sign_up_ticket

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.web.kit.errors import HttpError

sign_in_pages = Pages(__name__)

# Shown after a redirect from another page.
_NOTICES = {
    "confirmed": "Your email is confirmed. You can sign in now.",
    "signed-out": "You're signed out.",
    "password-set": "Your new password is set. Sign in with it.",
    "joined": "You've joined. You can sign in now.",
    "unlocked": "You can try again now.",
}


@sign_in_pages.view("GET /sign-in", access=Access.ANYONE)
def show_sign_in() -> Response:
    """Ask for the email."""
    done = query_parameter(sign_in_pages.current_request, "done")
    return _email_step("", notice=_NOTICES.get(done))


def _refused(form: dict[str, str], words: HttpError) -> Response:
    if words.param == "email" or "password" not in form:
        return _email_step(form.get("email", ""), words.message, words.status)
    email = form.get("email", "")
    if words.code == "email_unconfirmed":
        return see_other("/check-your-email", cookies=[keep_email(email)])
    return _password_step(EmailAddress.parse(email), words.message, words.status)


@sign_in_pages.view("POST /sign-in", access=Access.ANYONE, refused=_refused)
def sign_in() -> Response:
    """Ask for the password after the email; with both, start a session."""
    request = sign_in_pages.current_request
    form = read_form(request)
    email = EmailAddress.parse(form.get("email", ""))
    if "password" not in form:
        return _password_step(email)
    signed_in = services().sign_in.with_password(
        email, form["password"], browser_of(request), sign_up_ticket(request)
    )
    onward = "/" if signed_in.session.account_id else "/accounts"
    return see_other(onward, cookies=signed_in_cookies(signed_in))


@sign_in_pages.view("POST /sign-out", access=Access.ANYONE)
def sign_out() -> Response:
    """End the session, then show the sign-in page."""
    request = sign_in_pages.current_request
    token = session_cookie().read(request.headers)
    if token is not None:
        services().sessions.end(token, origin_of(request))
    answer = see_other("/sign-in?done=signed-out", cookies=[session_cookie().clear()])
    answer.headers["Clear-Site-Data"] = CLEAR_SITE_DATA
    return answer


def _email_step(
    email: str, error: str | None = None, status: int = 200, notice: str | None = None
) -> Response:
    return page(
        "sign_in/sign_in.html",
        status=status,
        step="email",
        email=email,
        email_error=error,
        error=None,
        sso_url=None,
        sso_enforced=False,
        notice=notice,
    )


def _password_step(email: EmailAddress, error: str | None = None, status: int = 200) -> Response:
    sso = services().sign_in.identify(email)
    return page(
        "sign_in/sign_in.html",
        status=status,
        step="password",
        answers_form=True,
        email=email.value,
        email_error=None,
        error=error,
        sso_url=f"{settings().public_url}/sso/{sso.connection_id}/start" if sso else None,
        sso_enforced=sso is not None and sso.enforced,
    )
