"""Creates the SES identity of the sender's domain, with DKIM."""

from __future__ import annotations

from email.utils import parseaddr
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.aws import code_of

if TYPE_CHECKING:
    from rich.console import Console

    from infra.aws import Aws
    from infra.stack.stages import Stage


def make_identity(stage: Stage, aws: Aws, console: Console) -> str:
    """Create the identity and print the DNS records that the domain needs."""
    domain = parseaddr(stage.environment["MAIL_FROM"])[1].rpartition("@")[2]
    client = aws.client("sesv2")
    try:
        client.create_email_identity(EmailIdentity=domain)
    except ClientError as error:
        if code_of(error) != "AlreadyExistsException":
            raise
    found = client.get_email_identity(EmailIdentity=domain)
    dkim = found.get("DkimAttributes", {})
    if found.get("VerifiedForSendingStatus") and dkim.get("Status") == "SUCCESS":
        return f"{domain} is proved and signed"
    for token in dkim.get("Tokens", []):
        record = f"{token}._domainkey.{domain}  CNAME  {token}.dkim.amazonses.com"
        console.print(record, markup=False, highlight=False, soft_wrap=True)
    return (
        f"{domain} is known, DKIM is {dkim.get('Status', 'PENDING')}; its DNS needs those records"
    )
