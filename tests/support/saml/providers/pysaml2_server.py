"""The child process: a sign-in page in Flask for pysaml2's identity provider."""

from __future__ import annotations

import json
import secrets
import shutil
import sys
from pathlib import Path
from typing import Any

import saml2.saml
import saml2.xmldsig
from flask import Flask, Response, request
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.authn_context import PASSWORDPROTECTEDTRANSPORT
from saml2.config import IdPConfig
from saml2.metadata import create_metadata_string
from saml2.saml import NAMEID_FORMAT_EMAILADDRESS, NameID
from saml2.server import Server

_PAGE = """<!DOCTYPE html><title>Sign in</title><h1>Sign in</h1><form method="post" action="/done">
<input type="hidden" name="ticket" value="{ticket}">
<label>User <input name="username"></label><label>Password <input name="password" type="password">
</label><button>Sign in</button></form>"""


def main(home: Path, port: int) -> None:
    """Serve on this machine alone, one request at a time."""
    base = f"http://127.0.0.1:{port}"
    app = Flask("pysaml2")
    waiting: dict[str, dict[str, Any]] = {}

    @app.get("/metadata")
    def metadata() -> Response:
        text = create_metadata_string(None, config=_config(home, base), sign=False)
        return Response(text, mimetype="application/samlmetadata+xml")

    @app.get("/sso")
    def sso() -> str:
        idp = Server(config=_config(home, base))
        given = request.args
        asked = idp.parse_authn_request(
            given["SAMLRequest"],
            BINDING_HTTP_REDIRECT,
            relay_state=given.get("RelayState"),
            sigalg=given.get("SigAlg"),
            signature=given.get("Signature"),
        )
        ticket = secrets.token_urlsafe(8)
        waiting[ticket] = {**idp.response_args(asked.message), "relay": given.get("RelayState")}
        return _PAGE.format(ticket=ticket)

    @app.post("/done")
    def done() -> Response:
        users = json.loads((home / "people.json").read_text())
        person = request.form["username"]
        if users.get(person) != request.form["password"]:
            return Response("Wrong password.", 403)
        asked = waiting.pop(request.form["ticket"])
        return Response(_answer(home, base, asked, person))

    app.run("127.0.0.1", port, threaded=False)


def _answer(home: Path, base: str, asked: dict[str, Any], person: str) -> str:
    """Return the page that posts the response to the service provider."""
    idp = Server(config=_config(home, base))
    customer = _customers(home)[asked["sp_entity_id"]]
    response = idp.create_authn_response(
        {"mail": person, "givenName": "Alice", "sn": "Acme"},
        userid=person,
        name_id=NameID(format=NAMEID_FORMAT_EMAILADDRESS, text=person),
        authn={"class_ref": PASSWORDPROTECTEDTRANSPORT, "authn_auth": base},
        sign_assertion=customer["sign_assertion"],
        sign_response=customer["sign_response"],
        # Without these it signs with SHA-1.
        sign_alg=saml2.xmldsig.SIG_RSA_SHA256,
        digest_alg=saml2.xmldsig.DIGEST_SHA256,
        in_response_to=asked["in_response_to"],
        destination=asked["destination"],
        sp_entity_id=asked["sp_entity_id"],
    )
    page = idp.apply_binding(
        BINDING_HTTP_POST, str(response), asked["destination"], asked["relay"], response=True
    )
    return str(page["data"])


def _config(home: Path, base: str) -> IdPConfig:
    policy = {
        "lifetime": {"minutes": 5},
        "attribute_restrictions": None,
        "name_form": saml2.saml.NAME_FORMAT_URI,
    }
    return IdPConfig().load(
        {
            "entityid": f"{base}/metadata",
            "xmlsec_binary": shutil.which("xmlsec1"),
            "key_file": str(home / "idp.key"),
            "cert_file": str(home / "idp.crt"),
            "metadata": {"inline": [_described(e, c) for e, c in _customers(home).items()]},
            "service": {
                "idp": {
                    "endpoints": {
                        "single_sign_on_service": [(f"{base}/sso", BINDING_HTTP_REDIRECT)]
                    },
                    "name_id_format": [NAMEID_FORMAT_EMAILADDRESS],
                    "want_authn_requests_signed": any(
                        customer["certificate"] for customer in _customers(home).values()
                    ),
                    "policy": {"default": policy},
                }
            },
        }
    )


def _customers(home: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((home / "customers.json").read_text())
    return found


def _described(entity_id: str, customer: dict[str, Any]) -> str:
    from chalicelib.domain.sso.certificate import Certificate
    from chalicelib.domain.sso.provider import ServiceProvider
    from chalicelib.gateways.saml.requests import SamlKeys, metadata

    certificate = customer["certificate"]
    keys = SamlKeys("", Certificate.parse(certificate)) if certificate else None
    return metadata(ServiceProvider(entity_id, customer["acs"]), keys)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
