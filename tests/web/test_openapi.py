"""The OpenAPI document: valid, complete, and true of the running service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from chalicelib.web.contract.operations import OPERATIONS
from infra.local.wire.server import LoopbackServer
from tests.support.keys import Holder, an_owner, make_key
from tests.support.servers.children import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.web.contract.operations import Operation
    from tests.support.service import Service

_PATH = "/api/v1/openapi.json"
_EXAMPLES = 25


@pytest.fixture
def environ() -> dict[str, str]:
    return {"API_KEY_REQUESTS_PER_MINUTE": "1000000"}


@pytest.fixture
def origin(service: Service) -> Iterator[str]:
    """The service on a socket, as schemathesis wants it."""
    port = free_port()
    server = LoopbackServer(port)
    server.start(service.gateway)
    yield f"http://127.0.0.1:{port}"
    server.stop()


def _document(service: Service) -> dict[str, Any]:
    reply = service.program().get(_PATH)
    assert reply.status == 200
    document: dict[str, Any] = reply.json
    return document


def test_the_document_is_openapi_3_1(service: Service) -> None:
    document = _document(service)
    assert document["openapi"] == "3.1.0"
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_it_describes_every_call_and_no_other(service: Service) -> None:
    import app

    served = {
        (method.lower(), path)
        for path, views in app.app.routes.items()
        for method, entry in views.items()
        if path.startswith("/api/v1/")
        and method not in ("HEAD", "OPTIONS")
        and entry.view_name != "method_not_allowed"
    }
    described = {
        (method, path)
        for path, operations in _document(service)["paths"].items()
        for method in operations
    }
    assert described == served


def test_every_refusal_is_described_by_the_one_envelope(service: Service) -> None:
    """`H1`."""
    for path, operations in _document(service)["paths"].items():
        for operation in operations.values():
            refusals = {s: r for s, r in operation["responses"].items() if s >= "400"}
            assert "500" in refusals, path
            for refusal in refusals.values():
                schema = refusal["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Error"}


def test_a_key_is_asked_for_where_the_authorizer_stands(service: Service) -> None:
    import app

    for path, operations in _document(service)["paths"].items():
        for method, operation in operations.items():
            guarded = app.app.routes[path][method.upper()].authorizer is not None
            assert ({"api_key": []} in operation["security"]) == guarded


def _named(value: Operation | GenerationMode) -> str:
    return value.value if isinstance(value, GenerationMode) else value.name


def _can_be_violated(operation: Operation) -> bool:
    return bool(operation.body or operation.is_list or operation.filters)


_CASES = [(o, GenerationMode.POSITIVE) for o in OPERATIONS] + [
    (o, GenerationMode.NEGATIVE) for o in OPERATIONS if _can_be_violated(o)
]
# Which characters a name may have, what an address is, which workspaces the account has: a schema
# can only say it in words.
_NOT_SAID: dict[str, list[Any]] = {
    "create_api_key": [positive_data_acceptance],
    "create_invitation": [positive_data_acceptance],
    "create_workspace": [positive_data_acceptance],
    "add_sso_domain": [positive_data_acceptance],
    "configure_sso": [positive_data_acceptance],
    # And that an export has no pages.
    "list_audit_events": [positive_data_acceptance],
}


@pytest.mark.parametrize(("operation", "mode"), _CASES, ids=_named)
def test_the_service_does_what_it_says(
    service: Service, origin: str, operation: Operation, mode: GenerationMode
) -> None:
    """Requests that fit, and requests that don't: each answer is one of those described."""
    schema = schemathesis.openapi.from_dict(_document(service), config=_config())
    described = schema.find_operation_by_id(operation.name)
    headers = _secrets(service).get(operation.proof, {})

    @settings(
        max_examples=_EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=described.as_strategy(generation_mode=mode))
    def holds(case: schemathesis.Case[Any]) -> None:
        response = case.call(base_url=origin, headers=headers)
        case.validate_response(response, excluded_checks=_NOT_SAID.get(operation.name, []))
        assert response.status_code < 500

    holds()


def _config() -> SchemathesisConfig:
    # Who may call is tests/web/test_access.py's question; here everybody brings what is asked for.
    return SchemathesisConfig.from_dict({"generation": {"with-security-parameters": False}})


def _secrets(service: Service) -> dict[str, dict[str, str]]:
    owner = an_owner(service)
    holder = Holder(service.program(), make_key(owner)["key"])
    return {
        "key": {"Authorization": f"Bearer {holder.key}"},
        "session": {"Cookie": owner.jar.header["Cookie"]},
    }
