"""The refusals of a call: those that follow from its declaration, and those that its flow adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.web.kit.access import Access

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.web.kit.declarations import ApiCall

WORDS: Mapping[int, str] = {
    400: "The request can't be read, or lacks a parameter.",
    401: "No good API key, or nobody signed in.",
    403: "Not allowed: a member's session, an API key where a person has to decide, another site's"
    " page, or a proof that is too old (`proof_required`).",
    404: "No such thing in this account.",
    409: "It collides with what is there, or somebody changed it at the same time.",
    413: "The body is larger than 256 KB.",
    415: "Only JSON is taken.",
    422: "A value is wrong or out of range; `param` names it.",
    429: "The key's minute is used up; Retry-After says when the next one begins.",
    500: "A fault of ours.",
    503: "Something that we depend on didn't answer; nothing was decided.",
}
# For the session API, where no API key is involved.
_WORDS_OF_SESSIONS = {
    401: "Nobody is signed in, or the credentials are wrong.",
    403: "Not allowed: another site's page, or a step that comes first; `code` names it.",
    404: "No such thing among what the user has.",
    410: "The link is unknown, spent or expired (`link_invalid`).",
    429: "Too many attempts; Retry-After says when to try again.",
}

_BY_ACCESS = {
    Access.ANYONE: frozenset[int](),
    Access.API_KEY: frozenset((401, 429, 503)),
    Access.SIGNED_IN: frozenset((401, 503)),
    Access.MEMBER: frozenset((401, 403, 503)),
    Access.ADMIN: frozenset((401, 403, 503)),
    Access.OWNER: frozenset((401, 403, 503)),
}
_BY_BODY = frozenset((400, 413, 415, 422, 503))


def refusals(call: ApiCall) -> dict[int, str]:
    """Return each status with which a call can be refused, and what it means there."""
    statuses = {500, *_BY_ACCESS[call.access], *call.refusals}
    if call.body is not None:
        statuses |= _BY_BODY
    if call.method != "GET" and call.same_site:
        statuses.add(403)
    words = {**WORDS, **_WORDS_OF_SESSIONS} if call.path.startswith("/auth/") else WORDS
    return {status: words[status] for status in statuses}
