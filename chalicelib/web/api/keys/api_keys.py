"""`/api/v1/api_keys`: an account's keys, for the browser sessions of its owner and admins."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from chalicelib.bootstrap import services
from chalicelib.domain.errors import NotFoundError
from chalicelib.web.api.filling import answer_from
from chalicelib.web.api.lists import list_answer, read_query
from chalicelib.web.contract import answers, bodies
from chalicelib.web.kit.blueprints import JsonApi, json_answer
from chalicelib.web.kit.chosen_names import thing_name
from chalicelib.web.kit.requests import is_id, origin_of, read_body
from chalicelib.web.kit.visitor import manager

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.keys.api_key import ApiKey

api_keys_api = JsonApi(__name__)


@api_keys_api.route("/api/v1/api_keys")
def list_api_keys() -> Response:
    """List the keys, newest first; never a secret."""
    request = api_keys_api.current_request
    _, who = manager(request)
    page, _ = read_query(request)
    return list_answer(services().api_keys.page(who, page), key_view)


@api_keys_api.route("/api/v1/api_keys", methods=["POST"])
def create_api_key() -> Response:
    """Make a key, and show it this once."""
    request = api_keys_api.current_request
    _, who = manager(request)
    name = thing_name(read_body(request, bodies.CreateApiKey).name, "name")
    key, secret = services().api_keys.create(who, name)
    answer = answer_from(answers.NewApiKey, key, key=secret.value)
    return json_answer(answer, status=HTTPStatus.CREATED)


@api_keys_api.route("/api/v1/api_keys/{key_id}", methods=["DELETE"])
def delete_api_key(key_id: str) -> Response:
    """End a key, for the very next call on."""
    _, who = manager(api_keys_api.current_request)
    if not is_id(key_id):
        raise NotFoundError
    services().api_keys.delete(who, key_id)
    return json_answer(None, status=HTTPStatus.NO_CONTENT)


@api_keys_api.route("/api/v1/api_keys/leaked", methods=["POST"], same_site=False)
def report_leaked_api_key() -> Response:
    """Take a key that somebody found; one answer, whatever it is."""
    request = api_keys_api.current_request
    found = read_body(request, bodies.LeakedApiKey).key
    services().api_keys.report_leaked(found, origin_of(request))
    return json_answer(answers.Empty(), status=HTTPStatus.ACCEPTED)


def key_view(key: ApiKey) -> answers.ApiKeyAnswer:
    """Show a key as it is listed."""
    return answer_from(answers.ApiKeyAnswer, key)
