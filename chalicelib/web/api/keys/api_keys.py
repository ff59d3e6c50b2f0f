"""`/api/v1/api_keys`: an account's keys, managed by its owner and admins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.domain.errors import NotFoundError
from chalicelib.web.api.filling import answer_from
from chalicelib.web.api.lists import list_answer, read_query
from chalicelib.web.contract.shapes.common import EmptyAnswer, Page
from chalicelib.web.contract.shapes.keys import (
    ApiKeyAnswer,
    CreateApiKeyBody,
    LeakedApiKeyBody,
    NewApiKeyAnswer,
)
from chalicelib.web.kit.access import Access
from chalicelib.web.kit.chosen_names import thing_name
from chalicelib.web.kit.requests import is_id, origin_of, read_body
from chalicelib.web.kit.routing.json_api import JsonApi
from chalicelib.web.kit.visitor import account_admin

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.keys.api_key import ApiKey

api_keys_api = JsonApi(__name__)


@api_keys_api.call(
    "GET /api/v1/api_keys",
    access=Access.ADMIN,
    summary="The account's API keys, newest first",
    outcome="A page of keys, never their secrets.",
    answer=Page[ApiKeyAnswer],
    refusals=(422,),
)
def list_api_keys() -> Response:
    """List the keys, newest first, without their secrets."""
    request = api_keys_api.current_request
    _, admin = account_admin(request)
    page, _ = read_query(request)
    return list_answer(services().api_keys.page(admin, page), key_view)


@api_keys_api.call(
    "POST /api/v1/api_keys",
    access=Access.ADMIN,
    summary="Make an API key",
    outcome="The key; its secret is shown this once.",
    status=201,
    body=CreateApiKeyBody,
    answer=NewApiKeyAnswer,
)
def create_api_key() -> NewApiKeyAnswer:
    """Create a key; this answer alone shows its secret."""
    request = api_keys_api.current_request
    _, admin = account_admin(request)
    name = thing_name(read_body(request, CreateApiKeyBody).name, "name")
    key, secret = services().api_keys.create(admin, name)
    return answer_from(NewApiKeyAnswer, key, key=secret.value)


@api_keys_api.call(
    "DELETE /api/v1/api_keys/{key_id}",
    access=Access.ADMIN,
    summary="Delete an API key; it is refused from its next call on",
    outcome="It is deleted.",
    status=204,
    refusals=(404,),
)
def delete_api_key(key_id: str) -> None:
    """Delete a key; its next call is refused."""
    _, admin = account_admin(api_keys_api.current_request)
    if not is_id(key_id):
        raise NotFoundError
    services().api_keys.delete(admin, key_id)


@api_keys_api.call(
    "POST /api/v1/api_keys/leaked",
    access=Access.ANYONE,
    summary="Hand in a key that was found where others can read it",
    outcome="Taken; live keys in the text are dead from now on. The same for any text.",
    status=202,
    body=LeakedApiKeyBody,
    answer=EmptyAnswer,
    same_site=False,
)
def report_leaked_api_key() -> EmptyAnswer:
    """Revoke a key that was found in public; the answer is the same for any text."""
    request = api_keys_api.current_request
    found = read_body(request, LeakedApiKeyBody).key
    services().api_keys.report_leaked(found, origin_of(request))
    return EmptyAnswer()


def key_view(key: ApiKey) -> ApiKeyAnswer:
    """Convert a key to its answer."""
    return answer_from(ApiKeyAnswer, key)
