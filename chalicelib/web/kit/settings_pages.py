"""The blueprint of the pages under `/settings`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.accounts.members import OwnerUntouchableError
from chalicelib.domain.errors import NoAccountOpenError, NotAllowedError
from chalicelib.web.kit.blueprints import Pages
from chalicelib.web.kit.rendering import see_other

if TYPE_CHECKING:
    from chalice import Response

    from chalicelib.domain.errors import DomainError
    from chalicelib.web.kit.blueprints import View
    from chalicelib.web.kit.errors import HttpError


class SettingsPages(Pages):
    """What owners and admins manage; whoever may not is sent to where they can do something."""

    def refusal(self, error: DomainError, words: HttpError, refused: View | None) -> Response:
        """Send a member home with a word, and whoever has no account open to pick one."""
        if isinstance(error, NoAccountOpenError):
            return see_other("/accounts")
        # Whoever manages an account, and meets its owner there, is told so on the spot.
        known = isinstance(error, OwnerUntouchableError) or words.code == "cross_site"
        if isinstance(error, NotAllowedError) and not known:
            return see_other("/?done=not-allowed")
        return super().refusal(error, words, refused)
