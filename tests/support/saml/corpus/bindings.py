"""Validly signed assertions for another user, another purpose, or another time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.sso.assertion import Refusal
from chalicelib.gateways.saml.names import BEARER
from tests.support.saml.corpus.case import Severity, Situation, add_attack, attack
from tests.support.saml.messages import Confirmation, Facts, Markup, at

if TYPE_CHECKING:
    from collections.abc import Callable

    from lxml.etree import _Element

_CRITICAL, _HIGH, _MEDIUM = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM
_CM = "urn:oasis:names:tc:SAML:2.0:cm:"


def _changed(
    change: Callable[[Facts, Situation], Facts], mode: str
) -> Callable[[Situation], object]:
    return lambda s: s.signed(change(s.facts(), s), mode)


def _add(
    name: str,
    change: Callable[[Facts, Situation], Facts],
    refusal: Refusal,
    severity: Severity = _HIGH,
    source: str = "saml profiles 4.1.4.3; the library lets it pass or compares loosely",
) -> None:
    for mode in ("assertion", "both"):
        add_attack(f"{name}-{mode}", _changed(change, mode), severity, source, refusal)


# The request that it answers.
_REQUEST = "an unsolicited or stolen assertion signs somebody in (E6)"
_add(
    "no-in-response-to",
    lambda f, _: f.but(in_response_to=None).confirmed(in_response_to=None),
    Refusal.IN_RESPONSE_TO,
    _CRITICAL,
    _REQUEST,
)
_add(
    "no-in-response-to-on-the-response",
    lambda f, _: f.but(in_response_to=None),
    Refusal.IN_RESPONSE_TO,
    _CRITICAL,
    _REQUEST,
)
_add(
    "no-in-response-to-in-the-confirmation",
    lambda f, _: f.confirmed(in_response_to=None),
    Refusal.IN_RESPONSE_TO,
    _CRITICAL,
    _REQUEST,
)
_add(
    "another-request",
    lambda f, s: f.but(in_response_to=s.other_request_id).confirmed(
        in_response_to=s.other_request_id
    ),
    Refusal.IN_RESPONSE_TO,
    _CRITICAL,
    _REQUEST,
)
_add(
    "another-request-in-the-confirmation",
    lambda f, s: f.confirmed(in_response_to=s.other_request_id),
    Refusal.IN_RESPONSE_TO,
    _CRITICAL,
    "a stolen assertion in a new, unsigned response",
)
_add("empty-in-response-to", lambda f, _: f.but(in_response_to=""), Refusal.IN_RESPONSE_TO)
_add(
    "in-response-to-with-a-tail",
    lambda f, s: f.confirmed(in_response_to=f"{s.request_id}x"),
    Refusal.IN_RESPONSE_TO,
)

# Its destination.
_WHERE: tuple[tuple[str, Callable[[Situation], str | None]], ...] = (
    ("missing", lambda _: None),
    ("empty", lambda _: ""),
    ("another-connection", lambda s: s.other_sp.acs_url),
    ("with-a-tail", lambda s: f"{s.sp.acs_url}2"),
    ("with-a-query", lambda s: f"{s.sp.acs_url}?x=1"),
    ("with-a-slash", lambda s: f"{s.sp.acs_url}/"),
    ("climbing", lambda s: f"{s.sp.acs_url}/../../evil"),
    ("inside-another-address", lambda s: f"https://evil.test/?next={s.sp.acs_url}"),
    ("another-host", lambda s: s.sp.acs_url.replace("://", "://evil.test/")),
    ("upper-case", lambda s: s.sp.acs_url.upper()),
    ("blank-before", lambda s: f" {s.sp.acs_url}"),
)
for _named, _address in _WHERE:
    _add(
        f"recipient-{_named}",
        lambda f, s, address=_address: f.confirmed(recipient=address(s)),  # type: ignore[misc]
        Refusal.RECIPIENT,
        _CRITICAL if _named == "another-connection" else _HIGH,
        "the library looks for our address anywhere in the recipient",
    )
    # Without a signature of its own a response may leave the destination out.
    for _mode in ("response", "both") if _named == "missing" else ("assertion", "response", "both"):
        add_attack(
            f"destination-{_named}-{_mode}",
            _changed(
                lambda f, s, address=_address: f.but(destination=address(s)),  # type: ignore[misc]
                _mode,
            ),
            _HIGH,
            "the library compares only the destination's beginning",
            Refusal.DESTINATION,
        )

# Its audience.
_AUDIENCES: tuple[tuple[str, Callable[[Situation], tuple[tuple[str, ...], ...]]], ...] = (
    ("missing", lambda _: ()),
    ("empty", lambda _: (("",),)),
    ("another-connection", lambda s: ((s.other_sp.entity_id,),)),
    ("with-a-tail", lambda s: ((f"{s.sp.entity_id}/x",),)),
    ("cut-short", lambda s: ((s.sp.entity_id[:-1],),)),
    ("in-one-of-two-restrictions", lambda s: ((s.sp.entity_id,), ("https://other.test/",))),
    ("our-address", lambda s: ((s.sp.acs_url,),)),
    ("split-by-a-comment", lambda s: ((Markup(f"{s.sp.entity_id}<!---->x"),),)),
)
for _named, _list in _AUDIENCES:
    _add(
        f"audience-{_named}",
        lambda f, s, audiences=_list: f.but(audiences=audiences(s)),  # type: ignore[misc]
        Refusal.SHAPE if _named == "split-by-a-comment" else Refusal.AUDIENCE,
        _CRITICAL if _named == "another-connection" else _HIGH,
        "an assertion made for another service",
    )
_add("no-conditions", lambda f, _: f.but(has_conditions=False), Refusal.AUDIENCE)

# Its times.
_OLD, _SOON, _FAR = -10, 10, 60 * 24 * 365 * 10


def _minutes(s: Situation, minutes: float) -> str:
    return at(s.now, minutes=minutes)


_add(
    "conditions-expired",
    lambda f, s: f.but(not_on_or_after=_minutes(s, _OLD)),
    Refusal.EXPIRED,
)
_add(
    "confirmation-expired",
    lambda f, s: f.confirmed(not_on_or_after=_minutes(s, _OLD)),
    Refusal.EXPIRED,
)
_add("not-yet-valid", lambda f, s: f.but(not_before=_minutes(s, _SOON)), Refusal.TOO_EARLY)
_add(
    "confirmation-not-yet-valid",
    lambda f, s: f.confirmed(not_before=_minutes(s, _SOON)),
    Refusal.TOO_EARLY,
)
_add("issued-in-the-future", lambda f, s: f.but(issued_at=_minutes(s, _SOON)), Refusal.TOO_EARLY)
_add(
    "issued-in-the-future-after-a-sign-in-now",
    lambda f, s: f.but(issued_at=_minutes(s, _SOON), authenticated_at=at(s.now)),
    Refusal.TOO_EARLY,
    _MEDIUM,
)
_add(
    "signed-in-in-the-future",
    lambda f, s: f.but(authenticated_at=_minutes(s, _SOON)),
    Refusal.TOO_EARLY,
    _MEDIUM,
)
_add(
    "no-end-in-the-conditions", lambda f, _: f.but(not_on_or_after=None), Refusal.LIFETIME, _MEDIUM
)
_add(
    "no-end-in-the-confirmation",
    lambda f, _: f.confirmed(not_on_or_after=None),
    Refusal.SUBJECT_CONFIRMATION,
    _MEDIUM,
)
_add(
    "ten-years-in-the-conditions",
    lambda f, s: f.but(not_on_or_after=_minutes(s, _FAR)),
    Refusal.LIFETIME,
    _MEDIUM,
)
_add(
    "ten-years-in-the-confirmation",
    lambda f, s: f.confirmed(not_on_or_after=_minutes(s, _FAR)),
    Refusal.LIFETIME,
    _MEDIUM,
)
_add(
    "session-ended-already",
    lambda f, s: f.but(session_not_on_or_after=_minutes(s, _OLD)),
    Refusal.EXPIRED,
    _MEDIUM,
)
for _named, _written in (
    ("words", "tomorrow"),
    ("year-0", "0000-01-01T00:00:00Z"),
    ("month-13", "2999-13-01T00:00:00Z"),
    ("zone", "2999-01-01T00:00:00+14:00"),
    ("no-zone", "2999-01-01T00:00:00"),
    ("huge-fraction", f"2999-01-01T00:00:00.{'9' * 100}Z"),
):
    _add(
        f"end-written-as-{_named}",
        lambda f, _, written=_written: f.but(not_on_or_after=written),  # type: ignore[misc]
        Refusal.LIFETIME,
        _MEDIUM,
        "a time that readers read differently",
    )

# Its confirmation.
for _named in ("holder-of-key", "sender-vouches"):
    _add(
        f"confirmed-by-{_named}",
        lambda f, _, method=_named: f.confirmed(method=f"{_CM}{method}"),  # type: ignore[misc]
        Refusal.SUBJECT_CONFIRMATION,
    )
_add("no-confirmation", lambda f, _: f.but(confirmations=()), Refusal.SUBJECT_CONFIRMATION)
_add(
    "confirmed-in-halves",
    lambda f, s: f.but(
        confirmations=(
            Confirmation(s.other_request_id, s.sp.acs_url, _minutes(s, 5), BEARER),
            Confirmation(s.request_id, s.other_sp.acs_url, _minutes(s, 5), BEARER),
        )
    ),
    Refusal.RECIPIENT,
    _HIGH,
    "each of two confirmations fits in half of the points",
)

# Its issuer.
_add("another-issuer", lambda f, _: f.but(issuer="https://evil.test/"), Refusal.ISSUER, _CRITICAL)
_add(
    "another-response-issuer",
    lambda f, _: f.but(response_issuer="https://evil.test/"),
    Refusal.ISSUER,
)
_add("issuer-with-a-tail", lambda f, s: f.but(issuer=f"{s.issuer}/"), Refusal.ISSUER)
_add(
    "issuer-split-by-a-comment",
    lambda f, s: f.but(issuer=Markup(f"{s.issuer}<!---->/evil")),
    Refusal.SHAPE,
)

# The provider's own status.
for _code in ("Responder", "AuthnFailed", "NoPassive", "Requester"):
    _add(
        f"status-{_code.lower()}",
        lambda f, _, code=_code: f.but(status=f"urn:oasis:names:tc:SAML:2.0:status:{code}"),  # type: ignore[misc]
        Refusal.STATUS,
    )
_add("status-success-of-another", lambda f, _: f.but(status="urn:x:Success"), Refusal.STATUS)
_add("version-1", lambda f, _: f.but(version="1.1"), Refusal.LIBRARY)
_add("no-statement-of-sign-in", lambda f, _: f.but(has_statement=False), Refusal.SHAPE)


@attack(_CRITICAL, "the response of another account's provider", Refusal.IN_RESPONSE_TO)
def another_connections_response(s: Situation) -> _Element:
    from tests.support.saml.messages import honest

    facts = honest(s.issuer, s.other_sp, s.other_request_id, s.victim, s.now)
    return s.signed(facts, "both")
