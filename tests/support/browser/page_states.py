"""Every page in every state that a user can see, and how a tab gets there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.personas.journeys import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    from tests.support.personas.personas import Cast

    TabAction = Callable[[Page], None]


@dataclass(frozen=True)
class PageState:
    """Who opens which page, what they do first, and the heading that they see then."""

    name: str
    person: str | None
    path: str
    heading: str
    actions: tuple[TabAction, ...] = ()

    def show(self, tab: Page, cast: Cast) -> None:
        """Bring a tab to this state."""
        cast.play(tab, getattr(cast, self.person) if self.person else None)
        tab.goto(self.path.format(**cast.links))
        for action in self.actions:
            action(tab)
        tab.get_by_role("heading", level=1, name=self.heading, exact=True).wait_for()


def _fill(label: str, text: str) -> TabAction:
    return lambda tab: tab.get_by_label(label, exact=True).first.fill(text)


def _press(button: str) -> TabAction:
    return lambda tab: tab.get_by_role("button", name=button, exact=True).first.click()


def _follow(link: str) -> TabAction:
    return lambda tab: tab.get_by_role("link", name=link, exact=True).first.click()


def _open(summary: str) -> TabAction:
    return lambda tab: tab.locator("summary", has_text=summary).click()


def _send_empty(button: str) -> TabAction:
    """Press a button although the browser would stop at empty fields."""

    def action(tab: Page) -> None:
        for box in (
            tab.locator("form", has=tab.get_by_role("button", name=button))
            .locator("input:not([type=hidden], [readonly])")
            .all()
        ):
            box.fill("")
        tab.get_by_role("button", name=button, exact=True).click()

    return action


def _await_calls(tab: Page) -> None:
    """Wait until the console has drawn its list."""
    _button(tab, "/api/v1/account Who this key is").wait_for()


def _call(tab: Page) -> None:
    """Make a call in the console with an invalid key, and wait for the refusal."""
    tab.get_by_label("API key", exact=True).fill("no key")
    _button(tab, "The account's records, by id").click()
    tab.get_by_role("button", name="Execute").click()
    tab.get_by_role("status").filter(has_text="Answered 401").wait_for(state="attached")


def _open_report(tab: Page) -> None:
    _button(tab, "Hand in a key").click()
    tab.get_by_label("Body").wait_for()


def _open_a_sessions(tab: Page) -> None:
    _button(tab, "Make an API key").click()
    tab.get_by_role("heading", name="Responses").wait_for()


def _button(tab: Page, words: str) -> Locator:
    return tab.get_by_role("button", name=words)


def _post_to_the_address_behind_the_hash(tab: Page) -> None:
    """Send an empty form, as an identity provider's page would send a full one."""
    tab.evaluate(
        """() => {
          const form = document.createElement("form");
          form.method = "post";
          form.action = location.hash.slice(1);
          document.body.append(form);
          form.submit();
        }"""
    )


def _draw_for_another_account(tab: Page) -> None:
    """Leave the page as a tab shows it after another tab has opened another account."""
    tab.evaluate(
        """() => {
          for (const field of document.querySelectorAll("input[name=account_id]"))
            field.value = "acc_none";
        }"""
    )


def _signing_in(address: str) -> tuple[TabAction, ...]:
    return (_fill("Email", address), _press("Continue"))


_STRANGER = (
    PageState("docs", None, "/docs", "Using the API"),
    PageState("docs, reference", None, "/docs/reference", "API reference"),
    PageState("docs, console", None, "/docs/console", "API console", (_await_calls,)),
    PageState(
        "docs, console, answered", None, "/docs/console", "API console", (_await_calls, _call)
    ),
    PageState(
        "docs, console, a body", None, "/docs/console", "API console", (_await_calls, _open_report)
    ),
    PageState(
        "docs, console, a session's call",
        *(None, "/docs/console", "API console", (_await_calls, _open_a_sessions)),
    ),
    PageState("sign-in", None, "/sign-in", "Sign in"),
    PageState("sign-in, signed out", None, "/sign-in?done=signed-out", "Sign in"),
    PageState("sign-in, no address", None, "/sign-in", "Sign in", _signing_in("robin")),
    PageState("sign-in, password", None, "/sign-in", "Sign in", _signing_in("robin@acme.test")),
    PageState(
        "sign-in, wrong password",
        None,
        "/sign-in",
        "Sign in",
        (*_signing_in("who@acme.test"), _fill("Password", "not it at all"), _press("Sign in")),
    ),
    PageState("sign-in, company", None, "/sign-in", "Sign in", _signing_in("x@borealis.test")),
    PageState(
        "sign-in, company, by password",
        None,
        "/sign-in",
        "Sign in",
        (*_signing_in("x@borealis.test"), _open("Sign in with a password instead")),
    ),
    PageState("sign-up", None, "/sign-up", "Sign up"),
    PageState("sign-up, errors", None, "/sign-up", "Sign up", (_send_empty("Create account"),)),
    PageState("check-your-email", None, "/check-your-email", "Check your email"),
    PageState(
        "check-your-email, sent again",
        None,
        "/check-your-email",
        "Check your email",
        (_fill("Email", "who@else.test"), _press("Resend")),
    ),
    PageState(
        "check-your-email, error",
        None,
        "/check-your-email",
        "Check your email",
        (_send_empty("Resend"),),
    ),
    PageState("confirmation, elsewhere", None, "{confirm}", "Confirm your email"),
    PageState(
        "confirmation, wrong password",
        None,
        "{confirm}",
        "Confirm your email",
        (_fill("Password", "not it at all"), _press("Confirm email")),
    ),
    PageState("confirmation, reloaded", None, "/email-confirmation", "Open the link again"),
    PageState("confirmation, spent", None, "/email-confirmation?token=x", "Link no longer valid"),
    PageState("reset, asked", None, "/password-reset", "Reset your password"),
    PageState(
        "reset, no address",
        None,
        "/password-reset",
        "Reset your password",
        (_send_empty("Send link"),),
    ),
    PageState(
        "reset, sent",
        None,
        "/password-reset",
        "Check your email",
        (_fill("Email", "who@else.test"), _press("Send link")),
    ),
    PageState("reset", None, "{reset}", "Set a new password"),
    PageState(
        "reset, error",
        None,
        "{reset}",
        "Set a new password",
        (_fill("New password", "short"), _press("Set password")),
    ),
    PageState("reset, spent", None, "/password-reset?token=x", "Link no longer valid"),
    PageState("unlock, asked", None, "/account-unlock", "Get an unlock link"),
    PageState(
        "unlock, sent",
        None,
        "/account-unlock",
        "Check your email",
        (_fill("Email", "who@else.test"), _press("Send link")),
    ),
    PageState("unlock", None, "{unlock}", "Unlock signing in"),
    PageState("unlock, spent", None, "/account-unlock?token=x", "Link no longer valid"),
    PageState("email change, elsewhere", None, "{change_email}", "Confirm your email"),
    PageState("email change, stop", None, "{stop_change}", "Stop the email change"),
    PageState("email change, undo", None, "{undo_change}", "Take your email back"),
    PageState("email change, spent", None, "/email-change/undo?token=x", "Link no longer valid"),
    PageState("invitation, new", None, "{join}", "Join Acme Instruments"),
    PageState(
        "invitation, errors", None, "{join}", "Join Acme Instruments", (_send_empty("Join"),)
    ),
    PageState("invitation, to sign in", None, "{join_as_sam}", "Join Acme Instruments"),
    PageState("invitation, another's", "mira", "{join_as_sam}", "Join Acme Instruments"),
    PageState("invitation, one's own", "sam", "{join_as_sam}", "Join Acme Instruments"),
    PageState("invitation, spent", None, "/invitation?token=x", "Invitation no longer valid"),
)

_PERSON = (
    PageState("home", "robin", "/", "Workspaces"),
    PageState("home, menu", "robin", "/", "Workspaces", (_open("Acme Instruments"),)),
    PageState("home, empty", "mira", "/", "Workspaces"),
    PageState("home, none given", "kim", "/", "Workspaces"),
    PageState("home, not allowed", "kim", "/settings/api-keys", "Workspaces"),
    PageState("accounts", "kim", "/accounts", "Choose an account"),
    PageState(
        "provider's answer refused",
        None,
        "/sign-in#{acs}",
        "Signing in didn't work",
        (_post_to_the_address_behind_the_hash,),
    ),
    PageState("accounts, none", "nobody", "/accounts", "No account yet"),
    PageState("account, new", "kim", "/accounts/new", "New account"),
    PageState(
        "account, new, error",
        "kim",
        "/accounts/new",
        "New account",
        (_send_empty("Create account"),),
    ),
    PageState(
        "account, by its company",
        "kim",
        "/accounts",
        "Sign in through your company",
        (_press("Borealis"),),
    ),
    PageState(
        "form for another account",
        "robin",
        "/settings/workspaces",
        "Another account is open",
        (_draw_for_another_account, _fill("Name", "Field"), _press("Create workspace")),
    ),
    PageState("proof", "robin", "/proof", "Confirm it's you"),
    PageState(
        "proof, wrong",
        "robin",
        "/proof",
        "Confirm it's you",
        (_fill("Password", "not it at all"), _press("Continue")),
    ),
    PageState("profile", "robin", "/profile", "Profile"),
    PageState("profile, saved", "robin", "/profile?done=renamed", "Profile"),
    PageState(
        "profile, email refused",
        "robin",
        "/profile",
        "Profile",
        (_fill("New email", "nowhere"), _press("Change email")),
    ),
    PageState(
        "profile, password refused",
        "robin",
        "/profile",
        "Profile",
        (
            lambda tab: tab.locator("#current_password").fill(PASSWORD),
            _fill("New password", "short"),
            _press("Change password"),
        ),
    ),
    PageState("leave", "kim", "/profile/leave", "Leave Acme Instruments?"),
    PageState("leave, owner", "robin", "/profile/leave", "Leave Acme Instruments?"),
    PageState("not found", "robin", "/settings/api-keys/key_none/delete", "Page not found"),
)

_MANAGER = (
    PageState("members", "robin", "/settings/members", "Members"),
    PageState("members, alone", "mira", "/settings/members", "Members"),
    PageState("invite", "robin", "/settings/members/invite", "Invite someone"),
    PageState(
        "invite, error",
        "robin",
        "/settings/members/invite",
        "Invite someone",
        (_send_empty("Send invitation"),),
    ),
    PageState("member", "robin", "/settings/members", "Kim", (_follow("Manage Kim"),)),
    PageState(
        "member, remove",
        "robin",
        "/settings/members",
        "Remove Kim?",
        (_follow("Manage Kim"), _follow("Remove …")),
    ),
    PageState("delete account", "robin", "/settings/delete-account", "Delete account"),
    PageState(
        "delete account, wrong name",
        "robin",
        "/settings/delete-account",
        "Delete account",
        (_fill("Account name", "Acme"), _press("Delete account")),
    ),
    PageState("delete account, waiting", "dora", "/settings/delete-account", "Delete account"),
    PageState("workspaces", "robin", "/settings/workspaces", "Workspaces"),
    PageState("workspaces, none", "mira", "/settings/workspaces", "Workspaces"),
    PageState(
        "workspaces, error",
        "robin",
        "/settings/workspaces",
        "Workspaces",
        (_send_empty("Create workspace"),),
    ),
    PageState(
        "workspace",
        "robin",
        "/settings/workspaces",
        "Edit Field notes",
        (_follow("Edit Field notes"),),
    ),
    PageState(
        "workspace, delete",
        "robin",
        "/settings/workspaces",
        "Delete “Field notes”?",
        (_follow("Delete Field notes"),),
    ),
    PageState("keys", "robin", "/settings/api-keys", "API keys"),
    PageState("keys, none", "mira", "/settings/api-keys", "API keys"),
    PageState(
        "keys, error", "mira", "/settings/api-keys", "API keys", (_send_empty("Create key"),)
    ),
    PageState(
        "keys, made",
        "sam",
        "/settings/api-keys",
        "API keys",
        (_fill("Name", "CI pipeline"), _press("Create key")),
    ),
    PageState(
        "key, delete",
        "robin",
        "/settings/api-keys",
        "Delete “CI pipeline”?",
        (_follow("Delete CI pipeline"),),
    ),
    PageState("single sign-on, none", "mira", "/settings/single-sign-on", "Single sign-on"),
    PageState("single sign-on", "robin", "/settings/single-sign-on", "Single sign-on"),
    PageState("single sign-on, enforced", "sam", "/settings/single-sign-on", "Single sign-on"),
    PageState(
        "single sign-on, error",
        "mira",
        "/settings/single-sign-on",
        "Single sign-on",
        (_press("Save connection"),),
    ),
    PageState(
        "single sign-on, delete",
        "robin",
        "/settings/single-sign-on/delete",
        "Delete the single sign-on connection?",
    ),
    PageState("audit log", "robin", "/settings/audit-log", "Audit log"),
    PageState("audit log, nothing", "mira", "/settings/audit-log?actor=nobody", "Audit log"),
    PageState("audit log, error", "robin", "/settings/audit-log?since=soon", "Audit log"),
)

PAGE_STATES = (*_STRANGER, *_PERSON, *_MANAGER)
