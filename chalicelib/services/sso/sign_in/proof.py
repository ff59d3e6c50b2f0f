"""A fresh proof of who the user is, from the provider that made their session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.sso.assertion import CLOCK_SKEW, Refusal, SamlRefusedError

if TYPE_CHECKING:
    from chalicelib.domain.sign_in.sso_answer import Answer
    from chalicelib.services.sso.sign_in.identities import SsoIdentities
    from chalicelib.storage.sso.sign_ins import SsoSignIns
    from chalicelib.storage.users.users import Users


@dataclass(frozen=True)
class SsoProof:
    """Makes the proof of a session fresh."""

    sign_ins: SsoSignIns
    identities: SsoIdentities
    users: Users

    def prove(self, answer: Answer) -> None:
        """Note in the session that its user has signed in at the provider again.

        Raises SamlRefusedError for another user or an older sign-in, SpentError, MovedOnError.
        """
        request = answer.request
        answer, user_id = self.identities.find(answer) or (answer, None)
        user = self.users.get(user_id)
        if user is None or request.session_id is None or user.id != request.user_id:
            raise SamlRefusedError(Refusal.OTHER_PERSON)
        if answer.assertion.authenticated_at < request.begun_at - CLOCK_SKEW:
            # Some providers ignore ForceAuthn, so having asked for it proves nothing.
            raise SamlRefusedError(Refusal.NOT_FRESH)
        self.sign_ins.prove(answer.finish(user.party), request.session_id, user.id)
