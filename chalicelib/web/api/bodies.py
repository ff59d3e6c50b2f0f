"""The bodies that calls take, by their names in the contract.

msgspec reads annotations when a class is made, so this module costs its import and is imported
by the views of the API alone.
"""

import msgspec


class Identify(msgspec.Struct):
    """`POST /auth/identify`."""

    email: str


class SignIn(msgspec.Struct):
    """`POST /auth/sign_in`."""

    email: str
    password: str


class SignUp(msgspec.Struct):
    """`POST /auth/sign_up`."""

    name: str
    email: str
    password: str
    account_name: str


class EmailConfirmationRequest(msgspec.Struct):
    """`POST /auth/email_confirmation/request`."""

    email: str


class EmailConfirmation(msgspec.Struct):
    """`POST /auth/email_confirmation`."""

    token: str
    password: str | None = None


class OpenAccount(msgspec.Struct):
    """`POST /auth/session/account`."""

    account_id: str
