"""Checks the DNS proofs of SSO domains."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from pynamodb.exceptions import PynamoDBException

from chalicelib.bootstrap.stage_checks import TxtLookup, proved_domains
from chalicelib.domain.errors import UnavailableError
from chalicelib.domain.sso.email_domain import DomainUnprovenError
from infra.aws import region_of
from infra.doctor.findings import UncheckedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.domain.sso.connection import AccountDomain
    from infra.doctor.examined_stage import ExaminedStage
    from infra.doctor.findings import Checking

# Each is a query to a customer's name server; the daily check covers the rest.
_MOST = 200


def check(examined: ExaminedStage) -> Checking:
    """Look up each proof; the daily check mails the account's admins."""
    look_up = TxtLookup(examined.dns_server)
    count, silent = 0, []
    for account_id, domain in _proved(examined):
        count += 1
        proof = domain.proof
        try:
            proof.check(look_up(proof.txt_name))
        except UnavailableError:
            silent.append(proof.domain)
        except DomainUnprovenError:
            yield (
                f"{proof.domain} of account {account_id} has lost its proof: {proof.txt_name} must"
                f" have the TXT record {proof.txt_value}, or its single sign-on ends in days."
            )
    if silent:
        message = f"the DNS doesn't answer about {', '.join(silent)}."
        raise UncheckedError(message)
    return f"{count} are proved, and their DNS still says so." if count else "None is in use."


def _proved(examined: ExaminedStage) -> Iterator[tuple[str, AccountDomain]]:
    try:
        found = proved_domains(examined.stage.prefix, region_of(examined.session))
        yield from islice(found, _MOST)
    except (PynamoDBException, UnavailableError) as error:
        message = "the table of domains can't be read."
        raise UncheckedError(message) from error
