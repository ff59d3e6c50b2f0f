"""`/settings/api-keys`: create, list and delete API keys."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalicelib.bootstrap import services, settings
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.keys.api_key import KEYS_MAX
from chalicelib.domain.lists import PageRequest
from chalicelib.domain.names import NAME_MAX_LENGTH
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.chosen_names import thing_name
from chalicelib.web.kit.html.rendering import page, see_other
from chalicelib.web.kit.requests import is_id, query_parameter, read_form
from chalicelib.web.kit.routing.pages import SettingsPages
from chalicelib.web.kit.visitor import PageVisitor, account_admin

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.keys.api_key import ApiKey
    from chalicelib.domain.sign_in.visitor import Visitor
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.web.kit.errors import HttpError

api_keys_pages = SettingsPages(__name__)

_PATH = "/settings/api-keys"
_NOTICES = {"deleted": "The key is deleted. Whatever still uses it is refused from now on."}


@api_keys_pages.view("GET /settings/api-keys", access=Access.ADMIN)
def show_api_keys() -> Response:
    """Show the keys and the form for a new one, with the name that was entered before a proof."""
    request = api_keys_pages.current_request
    notice = _NOTICES.get(query_parameter(request, "done"))
    name = query_parameter(request, "name")[:NAME_MAX_LENGTH]
    return _page(*account_admin(request), notice=notice, name_value=name)


def _refused(form: dict[str, str], words: HttpError) -> Response:
    asked = account_admin(api_keys_pages.current_request)
    name = form.get("name", "")
    return _page(*asked, words.status, error=words.message, name_value=name)


@api_keys_pages.view("POST /settings/api-keys", access=Access.ADMIN, refused=_refused)
def create_api_key() -> Response:
    """Create a key and show it in this answer, because after a redirect it can't be shown.

    The list is read before the key is created. If the read failed afterwards, the only answer that
    shows the key would be lost.
    """
    request = api_keys_pages.current_request
    visitor, admin = account_admin(request)
    name = thing_name(read_form(request).get("name", ""), "name")
    listed = _listed(admin)
    key, secret = services().api_keys.create(admin, name)
    created = {"name": key.name, "key": secret.value}
    return _page(visitor, admin, created=created, keys=(key, *listed))


@api_keys_pages.view("GET /settings/api-keys/{key_id}/delete", access=Access.ADMIN)
def show_deletion(key_id: str) -> Response:
    """Ask for confirmation before a key is deleted."""
    visitor, admin = account_admin(api_keys_pages.current_request)
    if not is_id(key_id):
        raise NotFoundError
    key = services().api_keys.find(admin, key_id)
    return page("keys/api_key_delete.html", visitor=PageVisitor.of(visitor), key=key)


@api_keys_pages.view("POST /settings/api-keys/{key_id}/delete", access=Access.ADMIN)
def delete_api_key(key_id: str) -> Response:
    """Delete a key."""
    _, admin = account_admin(api_keys_pages.current_request)
    if not is_id(key_id):
        raise NotFoundError
    services().api_keys.delete(admin, key_id)
    return see_other(f"{_PATH}?done=deleted")


def _page(
    visitor: Visitor, admin: AccountAdmin, status: int = HTTPStatus.OK, **shown: Any
) -> Response:
    context = {"created": None, "error": None, "name_value": "", "notice": None, **shown}
    if "keys" not in context:
        context["keys"] = _listed(admin)
    return page(
        "keys/api_keys.html",
        status=status,
        visitor=PageVisitor.of(visitor),
        api_url=f"{settings().public_url}/api/v1",
        answers_form=context["created"] is not None,
        **context,
    )


def _listed(admin: AccountAdmin) -> tuple[ApiKey, ...]:
    return services().api_keys.page(admin, PageRequest(limit=KEYS_MAX)).items
