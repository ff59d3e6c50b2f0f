"""The blueprint of the API: JSON in, JSON out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Required, TypedDict, Unpack

from chalice import Response

from chalicelib.web.kit.declarations import ApiCall
from chalicelib.web.kit.routing.guarded import GuardedBlueprint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.domain.errors import DomainError
    from chalicelib.web.kit.access import Access
    from chalicelib.web.kit.declarations import Route
    from chalicelib.web.kit.errors import HttpError
    from chalicelib.web.kit.routing.guarded import View


class Description(TypedDict, total=False):
    """What a call says of itself for the OpenAPI document; the fields of `ApiCall`."""

    summary: Required[str]
    outcome: Required[str]
    status: int
    body: type[Any]
    answer: Any
    also: str
    filters: Mapping[str, Any]
    refusals: tuple[int, ...]


class JsonApi(GuardedBlueprint):
    """Views that return shapes or a Response; a refusal is answered with the error envelope."""

    content_type = "application/json"

    def call(
        self,
        call: str,
        *,
        access: Access,
        same_site: bool = True,
        **described: Unpack[Description],
    ) -> Callable[[View], View]:
        """Declare a call, such as `GET /api/v1/account`, beside its view.

        The view's name is the operation's id in the OpenAPI document.
        """

        def decorate(view: View) -> View:
            route = ApiCall(call, access, name=view.__name__, same_site=same_site, **described)
            self._register(route, view, same_site=same_site)
            return view

        return decorate

    def finished(self, route: Route, answer: Any) -> Response:
        """Answer with JSON and the declared status, unless the view made its own response."""
        if isinstance(answer, Response):
            return answer
        return json_answer(answer, status=route.status if isinstance(route, ApiCall) else 200)

    def refusal(self, error: DomainError, words: HttpError, refused: View | None) -> Response:
        """Answer with the envelope."""
        del error, refused
        return self.failure(words)

    def failure(self, words: HttpError) -> Response:
        """Answer with the envelope."""
        answer = json_answer(words.envelope, status=words.status)
        answer.headers.update(words.headers)
        return answer


def json_answer(
    body: Any, *, status: int = 200, cookies: list[str] | None = None, **headers: str
) -> Response:
    """Answer with a shape or plain data as JSON; header names are written with underscores."""
    import msgspec

    named: dict[str, Any] = {key.replace("_", "-"): value for key, value in headers.items()}
    named["Content-Type"] = "application/json"
    if cookies:
        named["Set-Cookie"] = cookies
    plain = msgspec.to_builtins(body)
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":")) if body is not None else ""
    return Response(text, status_code=status, headers=named)
