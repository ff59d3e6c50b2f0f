"""What a route declares beside its view, and how the declarations of an app are found."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from chalice import Chalice, Response

    from chalicelib.web.kit.access import Access


@dataclass(frozen=True)
class Route:
    """A method, a path and who may call them."""

    call: str
    access: Access

    @property
    def method(self) -> str:
        """Return the HTTP method."""
        return self.call.partition(" ")[0]

    @property
    def path(self) -> str:
        """Return the path, with its parameters in braces."""
        return self.call.partition(" ")[2]

    @property
    def path_parameters(self) -> list[str]:
        """Return the names of the path's parameters."""
        return re.findall(r"\{(\w+)\}", self.path)


@dataclass(frozen=True, kw_only=True)
class ApiCall(Route):
    """A route of the API, with what the OpenAPI document says of it.

    `refusals` lists the statuses that the flow itself adds. Those that follow from the access, the
    method and the body are added by the document.
    """

    name: str
    summary: str
    outcome: str
    same_site: bool
    status: int = HTTPStatus.OK
    body: Any = None
    answer: Any = None
    # Another media type that the call can answer with.
    also: str | None = None
    filters: Mapping[str, Any] = field(default_factory=dict)
    refusals: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class DeclaredView:
    """A view as Chalice calls it, with its route."""

    route: Route
    name: str
    answer: Callable[[dict[str, str]], Response]

    @property
    def __name__(self) -> str:
        """Return the view's name, which Chalice reads as it does a function's."""
        return self.name

    def __call__(self, **parameters: str) -> Response:
        """Answer a request; the parameters are the path's."""
        return self.answer(parameters)


def declared_routes(app: Chalice) -> Iterator[Route]:
    """Return the route of each declared view that the app serves, in the order of registration."""
    for path, entries in app.routes.items():
        for method in entries:
            view = declared_view(app, method, path)
            # A view for GET is registered for HEAD too, and is the same route.
            if view is not None and view.route.method == method:
                yield view.route


def declared_view(app: Chalice, method: str, path: str) -> DeclaredView | None:
    """Return the view for a method and a path; None where only the 405 answer is registered."""
    entry = app.routes[path].get(method) if path in app.routes else None
    view = entry.view_function if entry else None
    return view if isinstance(view, DeclaredView) else None
