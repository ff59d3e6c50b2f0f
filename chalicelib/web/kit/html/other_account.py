"""A form acts only in the account that it was drawn for.

A session has one account open in all its tabs. Without this check, a form that was drawn for one
account would act in the account that another tab has opened since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.web.kit.access import Access
from chalicelib.web.kit.errors import OtherAccountOpenError
from chalicelib.web.kit.html.rendering import page
from chalicelib.web.kit.html.return_to import page_with_kept
from chalicelib.web.kit.requests import read_form
from chalicelib.web.kit.visitor import PageVisitor, in_account

if TYPE_CHECKING:
    from chalice import Chalice, Response
    from chalice.app import Request

# What `macros.drawn_for` writes into each of these forms.
_FIELD = "account_id"
_IN_AN_ACCOUNT = frozenset((Access.MEMBER, Access.ADMIN, Access.OWNER))


def check_account(request: Request, access: Access) -> None:
    """Check that a form names the open account; raises OtherAccountOpenError.

    A form that names none is refused too, because all of ours name one.
    """
    if request.method != "POST" or access not in _IN_AN_ACCOUNT:
        return
    _, account, _ = in_account(request)
    if read_form(request).get(_FIELD) != account.id:
        raise OtherAccountOpenError


def other_account_page(app: Chalice, request: Request, status: int) -> Response:
    """Show which account is open now and which the form was for, and offer both."""
    visitor, _, _ = in_account(request)
    asked_for = read_form(request).get(_FIELD)
    accounts = visitor.user.active_memberships
    path = page_with_kept(app, request)
    return page(
        "accounts/other_account_open.html",
        status=status,
        visitor=PageVisitor.of(visitor),
        meant=next((account for account in accounts if account.id == asked_for), None),
        path=path,
        # An id in the path belongs to the other account, so only the page above it is offered.
        here="/".join(path.partition("?")[0].split("/")[:3]),
    )
