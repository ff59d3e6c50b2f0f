"""AWS's Signature Version 4, for the one form of request that DynamoDB takes.

A POST to `/` without a query, with the same headers each time; a general signer is long because of
everything else. tests/storage compares its signatures with botocore's.
"""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import sha256

_SERVICE = "dynamodb"
_ALGORITHM = "AWS4-HMAC-SHA256"
_CONTENT_TYPE = "application/x-amz-json-1.0"


@dataclass(frozen=True)
class AwsCredentials:
    """An AWS access key; a Lambda's is temporary, and has a session token."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)

    @cached_property
    def token_line(self) -> str:
        """Return the header with the session token, if there is one."""
        return f"x-amz-security-token:{self.session_token}\n" if self.session_token else ""

    @cached_property
    def signed_headers(self) -> str:
        """Return the names of the headers that a signature covers."""
        token = "x-amz-security-token;" if self.session_token else ""
        return f"content-type;host;x-amz-date;{token}x-amz-target"


@dataclass(frozen=True)
class Signer:
    """Writes the signed head of a request."""

    host: str
    region: str

    def head(self, target: str, body: bytes, credentials: AwsCredentials, at: float) -> bytes:
        """Return request line and headers for a body; `at` is in seconds since the epoch."""
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
        # In the order of their names, in which they are signed.
        headers = (
            f"content-type:{_CONTENT_TYPE}\nhost:{self.host}\nx-amz-date:{stamp}\n"
            f"{credentials.token_line}x-amz-target:{target}\n"
        )
        signature = self._authorization(headers, body, credentials, stamp)
        head = (
            f"POST / HTTP/1.1\n{headers}content-length:{len(body)}\nauthorization:{signature}\n\n"
        )
        return head.replace("\n", "\r\n").encode("ascii")

    def _authorization(
        self, headers: str, body: bytes, credentials: AwsCredentials, at: str
    ) -> str:
        names, day = credentials.signed_headers, at[:8]
        scope = f"{day}/{self.region}/{_SERVICE}/aws4_request"
        canonical = f"POST\n/\n\n{headers}\n{names}\n{sha256(body).hexdigest()}"
        text = f"{_ALGORITHM}\n{at}\n{scope}\n{sha256(canonical.encode('ascii')).hexdigest()}"
        key = _signing_key(credentials.secret_key, day, self.region)
        signature = hmac.digest(key, text.encode("ascii"), "sha256").hex()
        return (
            f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}"
        )


# A day's key takes four hashes, as many as the rest of a signature.
@lru_cache(maxsize=2)
def _signing_key(secret: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, _SERVICE, "aws4_request"):
        key = hmac.digest(key, part.encode("ascii"), "sha256")
    return key
