"""Shapes of signing in and up, mailed links, sessions and the user's own profile."""

from typing import Literal

import msgspec

from chalicelib.domain.sign_in.session import SignInMethod
from chalicelib.web.contract.shapes.accounts import OwnAccountAnswer
from chalicelib.web.contract.shapes.common import Id, Time


class CheckEmailAnswer(msgspec.Struct):
    """A link is mailed, if the email can have one."""

    next: Literal["check_email"]


class SignInNextAnswer(msgspec.Struct):
    """It is done, and the user can sign in."""

    next: Literal["sign_in"]


class IdentifyBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /auth/identify`."""

    email: str


class IdentifiedAnswer(msgspec.Struct):
    """How the users of an email's domain sign in; `sso_url` where their account has SSO."""

    next: Literal["password", "sso"]
    sso_url: str | msgspec.UnsetType = msgspec.UNSET


class SignInBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /auth/sign_in`."""

    email: str
    password: str


class SignedInAnswer(msgspec.Struct):
    """Where a sign-in leads: to the one account, to a choice of them, or to none."""

    next: Literal["app", "choose_account", "no_account"]
    account: OwnAccountAnswer | msgspec.UnsetType = msgspec.UNSET
    accounts: list[OwnAccountAnswer] | msgspec.UnsetType = msgspec.UNSET


class SignUpBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /auth/sign_up`."""

    name: str
    email: str
    password: str
    account_name: str


class EmailConfirmationRequestBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /auth/email_confirmation/request`."""

    email: str


class EmailConfirmationBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /auth/email_confirmation`."""

    token: str
    password: str | None = None


class PasswordResetRequestBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /auth/password_reset/request`."""

    email: str


class PasswordResetBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /auth/password_reset`."""

    token: str
    password: str


class AccountUnlockRequestBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /auth/account_unlock/request`."""

    email: str


class AccountUnlockBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /auth/account_unlock`."""

    token: str


class EmailChangeLinkBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /auth/email_change/stop` and `…/undo`."""

    token: str


class UserAnswer(msgspec.Struct):
    """The signed-in user."""

    id: Id
    email: str
    name: str


class SessionAnswer(msgspec.Struct):
    """The session that a call was made in; `account` is the one that it has open."""

    user: UserAnswer
    account: OwnAccountAnswer | None
    method: SignInMethod
    started_at: Time
    expires_at: Time


class ListedSessionAnswer(msgspec.Struct):
    """One of the user's sessions; its id is a digest and can't be used as a token."""

    id: Id
    current: bool
    method: SignInMethod
    user_agent: str
    address: str
    started_at: Time
    last_seen_at: Time


class ProofBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /auth/session/proof`."""

    password: str


class ChangeProfileBody(msgspec.Struct, forbid_unknown_fields=True):
    """`PATCH /auth/profile`."""

    name: str


class ChangePasswordBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /auth/profile/password`."""

    current_password: str
    password: str


class ChangeEmailBody(msgspec.Struct, forbid_unknown_fields=True):
    """`POST /auth/profile/email`."""

    current_password: str
    email: str
