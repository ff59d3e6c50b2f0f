"""The kinds of callers that a route can be for."""

from __future__ import annotations

from enum import Enum


class Access(Enum):
    """Who may make a call. It says nothing of whose data: a caller only reaches their own account.

    A mailed link, a right password and a fresh proof aren't here. They are what a caller presents,
    and the flow itself checks them.
    """

    ANYONE = "anyone"
    API_KEY = "a valid API key"
    SIGNED_IN = "a signed-in user"
    MEMBER = "a user with an account open"
    ADMIN = "the owner or an admin of the open account"
    OWNER = "the owner of the open account"
