"""Which user an assertion is about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.sso.connection import is_carried_over

if TYPE_CHECKING:
    from chalicelib.domain.sign_in.sso_answer import Answer
    from chalicelib.storage.sso.sign_ins import SsoSignIns
    from chalicelib.storage.users.users import Users


@dataclass(frozen=True)
class SsoIdentities:
    """The names that providers give users, linked to users by an earlier sign-in."""

    sign_ins: SsoSignIns
    users: Users

    def find(self, answer: Answer) -> tuple[Answer, str] | None:
        """Return the id of the user whom a provider's NameID is linked to, if any.

        The returned answer says whether the link has to move to a key with the NameID's format.
        """
        user_id, former_id = self.sign_ins.whose(answer.identity)
        if user_id is not None:
            return answer, user_id
        if former_id is None:
            return None
        holder = self.users.look_up(answer.assertion.email).user_id
        if not is_carried_over(answer.assertion, former_id, holder):
            return None
        return replace(answer, renames=True), former_id
