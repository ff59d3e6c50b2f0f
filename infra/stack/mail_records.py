"""The DNS records that mails from a domain need beside those of DKIM."""

from __future__ import annotations

from dataclasses import dataclass

# Bounces go to the envelope's sender. In a subdomain of ours, SPF is aligned with the From header,
# which DMARC asks for; the subdomain can't be one that receives mail otherwise.
_MAIL_FROM = "bounce"
_SPF = "v=spf1 include:amazonses.com ~all"
_DMARC = "v=DMARC1; p=quarantine"
_PRIORITY = 10


@dataclass(frozen=True)
class DnsRecord:
    """One record, as an operator enters it."""

    name: str
    kind: str
    value: str

    def __str__(self) -> str:
        """Return it as a line of a list; the text of a TXT record in quotes."""
        value = f'"{self.value}"' if self.kind == "TXT" else self.value
        return f"{self.name}  {self.kind}  {value}"


def mail_from_domain(domain: str) -> str:
    """Return the envelope's domain for mails from a domain."""
    return f"{_MAIL_FROM}.{domain}"


def mail_records(domain: str, region: str) -> tuple[DnsRecord, ...]:
    """Return the records of the MAIL FROM domain and of DMARC."""
    envelope = mail_from_domain(domain)
    return (
        DnsRecord(envelope, "MX", f"{_PRIORITY} feedback-smtp.{region}.amazonses.com"),
        DnsRecord(envelope, "TXT", _SPF),
        DnsRecord(f"_dmarc.{domain}", "TXT", _DMARC),
    )
