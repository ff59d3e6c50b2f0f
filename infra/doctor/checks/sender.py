"""Who sends the mails: SES out of its sandbox, and a domain that signs with DKIM."""

from __future__ import annotations

from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.aws import code_of
from infra.doctor.checks.dns import has_cname
from infra.doctor.findings import UncheckedError

if TYPE_CHECKING:
    from infra.doctor.examined_stage import ExaminedStage
    from infra.doctor.findings import Checking

_MOST_OF_QUOTA = 0.8


def check_account(examined: ExaminedStage) -> Checking:
    """See that SES sends to everybody, and that its quota isn't nearly used up."""
    account = examined.client("sesv2").get_account()
    quota = account["SendQuota"]
    if not account["ProductionAccessEnabled"]:
        yield (
            "SES is in its sandbox and sends to verified addresses alone, so nobody can sign up."
            " Ask AWS for production access in SES's console."
        )
    if not account["SendingEnabled"] or account["EnforcementStatus"] == "SHUTDOWN":
        yield "SES has paused this account, so no mail goes out. Its console says why."
    elif account["EnforcementStatus"] == "PROBATION":
        yield "SES watches this account for bounces or complaints. Its console says which."
    if quota["SentLast24Hours"] > _MOST_OF_QUOTA * quota["Max24HourSend"] > 0:
        yield (
            f"{quota['SentLast24Hours']:,.0f} of the {quota['Max24HourSend']:,.0f} mails that SES"
            " allows a day are sent. Ask AWS for a higher quota."
        )
    return f"SES sends to everybody, {quota['Max24HourSend']:,.0f} mails a day at most."


def check_identity(examined: ExaminedStage) -> Checking:
    """See that SES knows the sender, and that its mails are signed."""
    address = parseaddr(examined.variables("mail").get("MAIL_FROM", ""))[1]
    domain = address.rpartition("@")[2]
    identity = _identity(examined, domain)
    if identity is not None:
        yield from _domain(examined, domain, identity)
        return f"Mails from {domain} are signed with DKIM, and its DNS says so."
    identity = _identity(examined, address)
    if identity is None:
        yield f"SES doesn't know {domain}, so no mail goes out. Add the domain there, with DKIM."
        return ""
    if not identity["VerifiedForSendingStatus"]:
        yield f"SES hasn't verified {address}, so no mail goes out. Follow the mail that it sent."
    yield f"Mails from {address} aren't signed with DKIM. Add the domain {domain} to SES instead."
    return ""


def _domain(examined: ExaminedStage, domain: str, identity: dict[str, Any]) -> Checking:
    dkim = identity.get("DkimAttributes", {})
    if not identity["VerifiedForSendingStatus"]:
        yield f"SES hasn't verified {domain}, so no mail goes out. Put its DKIM records in the DNS."
    if not dkim.get("SigningEnabled") or dkim.get("Status") != "SUCCESS":
        status = str(dkim.get("Status", "NOT_STARTED")).lower().replace("_", " ")
        yield f"SES doesn't sign mails from {domain} with DKIM ({status}). Look at it in SES."
    if dkim.get("SigningAttributesOrigin") == "EXTERNAL":
        message = f"{domain} brings its own DKIM keys, whose records SES doesn't list."
        raise UncheckedError(message)
    records = {
        f"{token}._domainkey.{domain}": f"{token}.dkim.amazonses.com"
        for token in dkim.get("Tokens", [])
    }
    lacking = [n for n, target in records.items() if not has_cname(n, target, examined.dns_server)]
    if lacking:
        pairs = ", ".join(f"{name} as a CNAME of {records[name]}" for name in lacking)
        yield f"The DNS lacks {pairs}."
    return ""


def _identity(examined: ExaminedStage, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = examined.client("sesv2").get_email_identity(EmailIdentity=name)
    except ClientError as error:
        if code_of(error) != "NotFoundException":
            raise
        return None
    return found
