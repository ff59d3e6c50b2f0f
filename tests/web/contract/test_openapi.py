"""The OpenAPI document is valid, complete, and matches the running service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance

from app import app
from chalicelib.web.contract.openapi import api_calls, is_list
from chalicelib.web.kit.access import Access
from infra.local.wire.server import LoopbackServer
from tests.support.keys import Holder, an_owner, make_key
from tests.support.servers.children import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.web.kit.declarations import ApiCall
    from tests.support.service import Service

_PATH = "/api/v1/openapi.json"
_EXAMPLES = 25


@pytest.fixture
def environ() -> dict[str, str]:
    return {"API_KEY_REQUESTS_PER_MINUTE": "1000000"}


@pytest.fixture
def origin(service: Service) -> Iterator[str]:
    """The service on a socket, which schemathesis needs."""
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


def test_the_document_describes_every_call_and_no_other(service: Service) -> None:
    served = {
        (method.lower(), path)
        for path, views in app.routes.items()
        for method, entry in views.items()
        if path.startswith(("/api/v1/", "/auth/"))
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
    for path, operations in _document(service)["paths"].items():
        for method, operation in operations.items():
            guarded = app.routes[path][method.upper()].authorizer is not None
            assert ({"api_key": []} in operation["security"]) == guarded


def test_each_shape_has_a_name_of_its_own(service: Service) -> None:
    """The document drops `Answer` and `Body`, by which our classes of one name differ."""
    import msgspec

    calls = api_calls(app)
    shapes = [shape for call in calls for shape in (call.body, call.answer) if shape]
    _, components = msgspec.json.schema_components(list(dict.fromkeys(shapes)))
    described = _document(service)["components"]["schemas"].keys() - {"Error", "ErrorDetails"}
    assert len(described) == len(components)
    assert not [name for name in described if "Answer" in name or "Body" in name]


def _named(value: ApiCall | GenerationMode) -> str:
    return value.value if isinstance(value, GenerationMode) else value.name


def _can_be_violated(call: ApiCall) -> bool:
    return bool(call.body or is_list(call) or call.filters)


_CASES = [(call, GenerationMode.POSITIVE) for call in api_calls(app)] + [
    (call, GenerationMode.NEGATIVE) for call in api_calls(app) if _can_be_violated(call)
]
# A schema can't say which characters a name may have, what an email is, which passwords are strong
# enough, which links were mailed, and which workspaces the account has.
_NOT_SAID = {
    "create_api_key",
    "create_invitation",
    "create_workspace",
    "add_sso_domain",
    "configure_sso",
    # And that an export has no pages.
    "list_audit_events",
    "identify",
    "sign_in",
    "sign_up",
    "request_email_confirmation",
    "confirm_email",
    "request_password_reset",
    "reset_password",
    "request_account_unlock",
    "unlock_account",
    "stop_email_change",
    "undo_email_change",
    "accept_invitation",
    "create_account",
    "prove",
    "rename",
    "change_password",
    "change_email",
}


@pytest.mark.parametrize(("call", "mode"), _CASES, ids=_named)
def test_the_service_answers_as_described(
    service: Service, origin: str, call: ApiCall, mode: GenerationMode
) -> None:
    """Valid and invalid requests; each answer is one of those described."""
    schema = schemathesis.openapi.from_dict(_document(service), config=_config())
    described = schema.find_operation_by_id(call.name)
    headers = _secrets(service).get(call.access, {})
    unsaid: list[Any] = [positive_data_acceptance] if call.name in _NOT_SAID else []

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
        case.validate_response(response, excluded_checks=unsaid)
        assert response.status_code < 500

    holds()


def _config() -> SchemathesisConfig:
    # test_authorization.py checks who may call; here every caller brings what is asked for.
    return SchemathesisConfig.from_dict({"generation": {"with-security-parameters": False}})


def _secrets(service: Service) -> dict[Access, dict[str, str]]:
    owner = an_owner(service)
    holder = Holder(service.program(), make_key(owner)["key"])
    cookie = {"Cookie": owner.jar.header["Cookie"]}
    return {
        Access.API_KEY: {"Authorization": f"Bearer {holder.key}"},
        **dict.fromkeys((Access.SIGNED_IN, Access.MEMBER, Access.ADMIN, Access.OWNER), cookie),
    }
