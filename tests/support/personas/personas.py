"""Users in every role and state that a page can be seen in, on a running stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.personas.journeys import OTHER_PASSWORD, PASSWORD, ask_sign_in, token_of
from tests.support.saml.keys import rsa_pair

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.support.http import Program, Reply
    from tests.support.servers.dns_server import DnsServer
    from tests.support.servers.stack import Stack

_API = "/api/v1"


@dataclass(frozen=True)
class Cast:
    """All users. `robin` owns an account with everything in it, `mira` an empty one."""

    stack: Stack
    robin: Program
    mira: Program
    kim: Program
    sam: Program
    nobody: Program
    dora: Program
    acme: str
    borealis: str
    links: dict[str, str]

    def play(self, tab: Page, person: Program | None) -> None:
        """Give a tab a user's session, or none."""
        tab.context.clear_cookies()
        values = person.jar.values if person else {}
        tab.context.add_cookies(
            [{"name": n, "value": v, "url": self.stack.origin} for n, v in values.items()]
        )


def assemble(stack: Stack, dns: DnsServer) -> Cast:
    """Sign them all up, and bring each into their state."""
    robin = _owner(stack, "robin@acme.test", "Robin Okonkwo", "Acme Instruments")
    mira = _owner(stack, "mira@mira.test", "Mira", "Mira")
    sam = _owner(stack, "sam@borealis.test", "Sam Lindqvist", "Borealis")
    acme, borealis = _account(robin), _account(sam)
    _clear_out(stack, mira)
    _enforce(sam, dns, "borealis.test")

    kim = _join(stack, robin, "kim@acme.test", "Kim")
    _invite(sam, "kim@acme.test")
    link = stack.await_link("kim@acme.test", number=2)
    _sent(kim.post("/auth/invitation", {"token": token_of(link)}), 200)
    _sent(ask_sign_in(kim, "kim@acme.test", OTHER_PASSWORD), 200)
    _sent(kim.post("/auth/session/account", {"account_id": acme}), 200)
    nobody = _join(stack, robin, "noor@acme.test", "Noor")
    _remove(robin, "noor@acme.test")
    _sent(ask_sign_in(nobody, "noor@acme.test", OTHER_PASSWORD), 200)
    _furnish(robin)
    dora = _who_deletes(stack)
    links = _links(stack, robin)
    return Cast(stack, robin, mira, kim, sam, nobody, dora, acme, borealis, links)


def _owner(stack: Stack, address: str, name: str, account: str) -> Program:
    program = stack.program()
    body = {"name": name, "email": address, "password": PASSWORD, "account_name": account}
    _sent(program.post("/auth/sign_up", body), 202)
    token = token_of(stack.await_link(address))
    _sent(program.post("/auth/email_confirmation", {"token": token}), 200)
    _sent(ask_sign_in(program, address, PASSWORD), 200)
    return program


def _clear_out(stack: Stack, owner: Program) -> None:
    """Delete the one workspace that an account starts with, through its pages."""
    browser = stack.browser()
    browser.jar.values.update(owner.jar.values)
    browser.open("/settings/workspaces")
    browser.follow("Delete Main")
    browser.press("Delete workspace")


def _who_deletes(stack: Stack) -> Program:
    """Let an owner ask for the deletion of their account, which then waits for its day."""
    dora = _owner(stack, "dora@dora.test", "Dora", "Dora's Garden")
    browser = stack.browser()
    browser.jar.values.update(dora.jar.values)
    browser.open("/settings/delete-account")
    browser.press("Delete account", Account_name="Dora's Garden")
    return dora


def _join(stack: Stack, inviter: Program, address: str, name: str) -> Program:
    _invite(inviter, address)
    program, token = stack.program(), token_of(stack.await_link(address))
    body = {"token": token, "name": name, "password": OTHER_PASSWORD}
    _sent(program.post("/auth/invitation", body), 200)
    _sent(ask_sign_in(program, address, OTHER_PASSWORD), 200)
    return program


def _invite(inviter: Program, address: str) -> None:
    _sent(inviter.post(f"{_API}/invitations", {"email": address, "role": "member"}), 201)


def _remove(owner: Program, address: str) -> None:
    members = owner.get(f"{_API}/members").json["items"]
    (found,) = [each["user_id"] for each in members if each["email"] == address]
    _sent(owner.delete(f"{_API}/members/{found}"), 204)


def _enforce(owner: Program, dns: DnsServer, domain: str) -> None:
    _connect(owner, domain)
    listed = _sent(owner.post(f"{_API}/sso/domains", {"domain": domain}), 201).json
    dns.records[listed["txt_name"]] = [listed["txt_value"]]
    _sent(owner.post(f"{_API}/sso/domains/{domain}/verify", {}), 200)
    _sent(owner.call("PUT", f"{_API}/sso", {"enforced": True}), 200)


def _connect(owner: Program, domain: str) -> None:
    body = {
        "idp_entity_id": f"https://idp.{domain}/metadata",
        "idp_sso_url": f"https://idp.{domain}/sso",
        "idp_certificates": [rsa_pair(f"idp-{domain}").certificate.pem],
    }
    _sent(owner.call("PUT", f"{_API}/sso", body), 200)


def _furnish(robin: Program) -> None:
    """Fill every list of Robin's account."""
    for name in ("CI pipeline", "Nightly sync of the warehouse and everything that hangs on it"):
        _sent(robin.post(f"{_API}/api_keys", {"name": name}), 201)
    words = {"name": "Field notes", "description": "What the surveyors bring home."}
    _sent(robin.post(f"{_API}/workspaces", words), 201)
    _invite(robin, "a.rather.long.address.of.somebody@instruments.acme.test")
    _connect(robin, "acme.test")
    _sent(robin.post(f"{_API}/sso/domains", {"domain": "acme.test"}), 201)


def _links(stack: Stack, robin: Program) -> dict[str, str]:
    """Request a mailed link of each kind, and leave it unused."""
    program = stack.program()
    body = {"name": "Ada", "email": "ada@ada.test", "password": PASSWORD, "account_name": "Ada"}
    _sent(program.post("/auth/sign_up", body), 202)
    _owner(stack, "lea@lea.test", "Lea", "Lea")
    _sent(program.post("/auth/password_reset/request", {"email": "lea@lea.test"}), 202)
    reset = stack.await_link("lea@lea.test", number=2)
    for _ in range(5):
        ask_sign_in(program, "lea@lea.test", "not her password at all")
    unlock = stack.await_link("lea@lea.test", number=3)
    for address in ("new@acme.test", "sam@borealis.test"):
        _invite(robin, address)
    connection = robin.get(f"{_API}/sso").json["connection_id"]
    ira = _owner(stack, "ira@ira.test", "Ira", "Ira")
    change = _ask_change(stack, ira, "ira@new.test")
    stop = stack.await_link("ira@ira.test", number=2)
    zoe = _owner(stack, "zoe@zoe.test", "Zoe", "Zoe")
    changed = {"token": token_of(_ask_change(stack, zoe, "zoe@new.test"))}
    _sent(zoe.post("/auth/email_confirmation", changed), 200)
    return {
        "acs": f"/sso/{connection}/acs",
        "change_email": change,
        "stop_change": stop,
        "undo_change": stack.await_link("zoe@zoe.test", number=3),
        "confirm": stack.await_link("ada@ada.test"),
        "reset": reset,
        "unlock": unlock,
        "join": stack.await_link("new@acme.test"),
        "join_as_sam": stack.await_link("sam@borealis.test", number=2),
    }


def _ask_change(stack: Stack, program: Program, email: str) -> str:
    body = {"current_password": PASSWORD, "email": email}
    _sent(program.post("/auth/profile/email", body), 202)
    return stack.await_link(email)


def _account(program: Program) -> str:
    account_id: str = program.get("/auth/session").json["account"]["id"]
    return account_id


def _sent(reply: Reply, status: int) -> Any:
    assert reply.status == status, reply.text
    return reply
