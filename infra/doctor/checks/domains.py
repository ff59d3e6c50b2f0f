"""The proofs of the domains that single sign-on rests on."""

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
    from infra.doctor.findings import Checking
    from infra.doctor.subject import Subject

# Each is a question to somebody's name server; a stage with more has the daily look for the rest.
_MOST = 200


def check(subject: Subject) -> Checking:
    """Ask the DNS for each proof that counts; the daily look writes to the account's admins."""
    look_up = TxtLookup(subject.dns_server)
    count, silent = 0, []
    for account_id, domain in _proved(subject):
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


def _proved(subject: Subject) -> Iterator[tuple[str, AccountDomain]]:
    try:
        found = proved_domains(subject.stage.prefix, region_of(subject.session))
        yield from islice(found, _MOST)
    except (PynamoDBException, UnavailableError) as error:
        message = "the table of domains can't be read."
        raise UncheckedError(message) from error
