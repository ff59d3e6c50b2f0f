"""`/settings/api-keys`: make a key, copy it once, see when each was used, delete it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalicelib.bootstrap import services, settings
from chalicelib.domain.errors import NotFoundError
from chalicelib.domain.keys.api_key import KEYS_MAX
from chalicelib.domain.lists import PageRequest
from chalicelib.domain.names import NAME_MAX_LENGTH
from chalicelib.web.kit.chosen_names import thing_name
from chalicelib.web.kit.rendering import page, see_other
from chalicelib.web.kit.requests import is_id, query_parameter, read_form
from chalicelib.web.kit.settings_pages import SettingsPages
from chalicelib.web.kit.visitor import PageVisitor, manager

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.keys.api_key import ApiKey
    from chalicelib.domain.sign_in.visitor import Visitor
    from chalicelib.domain.user import AccountAdmin
    from chalicelib.web.kit.errors import HttpError

api_keys_pages = SettingsPages(__name__)

_PATH = "/settings/api-keys"
_NOTICES = {"deleted": "The key is deleted. Whatever still uses it is refused from now on."}


@api_keys_pages.route(_PATH)
def show_api_keys() -> Response:
    """Show the keys, and the form for another one, named already where a proof came between."""
    request = api_keys_pages.current_request
    notice = _NOTICES.get(query_parameter(request, "done"))
    name = query_parameter(request, "name")[:NAME_MAX_LENGTH]
    return _page(*manager(request), notice=notice, name_value=name)


def _refused(form: dict[str, str], words: HttpError) -> Response:
    asked = manager(api_keys_pages.current_request)
    name = form.get("name", "")
    return _page(*asked, words.status, error=words.message, name_value=name)


@api_keys_pages.route(_PATH, methods=["POST"], refused=_refused)
def create_api_key() -> Response:
    """Make a key and show it in this answer: after a redirect there would be nothing to show.

    The list is read before the key is made. A read that fails afterwards would lose the only answer
    that the new key is ever shown in.
    """
    request = api_keys_pages.current_request
    visitor, who = manager(request)
    name = thing_name(read_form(request).get("name", ""), "name")
    listed = _listed(who)
    key, secret = services().api_keys.create(who, name)
    created = {"name": key.name, "key": secret.value}
    return _page(visitor, who, created=created, keys=(key, *listed))


@api_keys_pages.route(_PATH + "/{key_id}/delete")
def show_deletion(key_id: str) -> Response:
    """Ask before a key is deleted."""
    visitor, who = manager(api_keys_pages.current_request)
    if not is_id(key_id):
        raise NotFoundError
    key = services().api_keys.find(who, key_id)
    return page("keys/api_key_delete.html", visitor=PageVisitor.of(visitor), key=key)


@api_keys_pages.route(_PATH + "/{key_id}/delete", methods=["POST"])
def delete_api_key(key_id: str) -> Response:
    """Delete a key."""
    _, who = manager(api_keys_pages.current_request)
    if not is_id(key_id):
        raise NotFoundError
    services().api_keys.delete(who, key_id)
    return see_other(f"{_PATH}?done=deleted")


def _page(
    visitor: Visitor, who: AccountAdmin, status: int = HTTPStatus.OK, **shown: Any
) -> Response:
    context = {"created": None, "error": None, "name_value": "", "notice": None, **shown}
    if "keys" not in context:
        context["keys"] = _listed(who)
    return page(
        "keys/api_keys.html",
        status=status,
        visitor=PageVisitor.of(visitor),
        api_url=f"{settings().public_url}/api/v1",
        answers_form=context["created"] is not None,
        **context,
    )


def _listed(who: AccountAdmin) -> tuple[ApiKey, ...]:
    return services().api_keys.page(who, PageRequest(limit=KEYS_MAX)).items
