"""Invitations, as the inviter and the recipient use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.personas.journeys import OTHER_PASSWORD, token_of

if TYPE_CHECKING:
    from tests.support.http import Program, Reply
    from tests.support.service import Service

INVITATIONS = "/api/v1/invitations"
INVITED = "kim@acme.test"


def ask_invite(inviter: Program, address: str = INVITED, **body: Any) -> Reply:
    """Request an invitation, without workspaces unless the body names some."""
    return inviter.post(INVITATIONS, {"email": address, "role": "member", **body})


def invite(inviter: Program, address: str = INVITED, **body: Any) -> dict[str, Any]:
    """Invite a user."""
    reply = ask_invite(inviter, address, **body)
    assert reply.status == 201, reply.text
    made: dict[str, Any] = reply.json
    return made


def mailed_token(service: Service, address: str = INVITED) -> str:
    """Return the token in the newest mail to an email."""
    return token_of(service.mail_to(address).link)


def accept(program: Program, token: str, **body: Any) -> Reply:
    """Join with only the link, as a signed-in user does, unless the body says more."""
    return program.post("/auth/invitation", {"token": token, **body})


def accept_as_new(program: Program, token: str, **body: Any) -> Reply:
    """Join as a new user."""
    return accept(program, token, **{"name": "Kim", "password": OTHER_PASSWORD, **body})
