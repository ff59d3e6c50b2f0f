"""Our request signer, compared with AWS's own."""

from __future__ import annotations

import random
import re
import string
import time

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as SdkCredentials

from chalicelib.storage.keys.transport.signing import AwsCredentials, Signer

_REQUESTS = 10_000
_NAMES = string.ascii_letters + string.digits
_SECRETS = _NAMES + "+/="
_REGIONS = ("eu-west-1", "us-gov-west-1", "cn-north-1", "ap-southeast-7")


def _drawn(chance: random.Random, letters: str, most: int) -> str:
    return "".join(chance.choices(letters, k=chance.randint(1, most)))


def _lines(head: bytes) -> dict[str, str]:
    lines = head.decode("ascii").split("\r\n")[1:-2]
    return dict(line.split(":", 1) for line in lines)


def _by_botocore(
    sent: dict[str, str], body: bytes, credentials: AwsCredentials, region: str
) -> dict[str, str]:
    """Sign the same request with the SDK's signer, at the time that ours used."""
    keys = SdkCredentials(
        credentials.access_key, credentials.secret_key, credentials.session_token or None
    )
    signer = SigV4Auth(keys, "dynamodb", region)
    unsigned = {k: v for k, v in sent.items() if k not in ("authorization", "content-length")}
    request = AWSRequest("POST", f"https://{sent['host']}/", data=body, headers=unsigned)
    request.context["timestamp"] = sent["x-amz-date"]
    text = signer.string_to_sign(request, signer.canonical_request(request))
    signature = signer.signature(text, request)
    signer._inject_signature_to_request(request, signature)  # noqa: SLF001 - else it uses the current time
    return dict(request.headers.items())


def test_ten_thousand_random_requests_are_signed_as_the_sdk_signs_them() -> None:
    chance = random.Random(20261124)  # noqa: S311 - the same requests in each run
    for _ in range(_REQUESTS):
        region = chance.choice(_REGIONS)
        port = chance.choice(("", f":{chance.randint(1024, 65_535)}"))
        host = f"dynamodb.{region}.amazonaws.com{port}"
        token = _drawn(chance, _SECRETS, 900) if chance.random() < 0.7 else ""
        credentials = AwsCredentials(
            _drawn(chance, _NAMES, 20), _drawn(chance, _SECRETS, 40), token
        )
        target = f"DynamoDB_20120810.{_drawn(chance, string.ascii_letters, 20)}"
        body, at = chance.randbytes(chance.randint(0, 300)), chance.uniform(0, 4e9)
        sent = _lines(Signer(host, region).head(target, body, credentials, at))
        theirs = _by_botocore(sent, body, credentials, region)
        assert sent.pop("content-length") == str(len(body))
        assert sent == {name.lower(): value for name, value in theirs.items()}


def test_the_head_is_one_request_of_http() -> None:
    credentials = AwsCredentials("AKID", "secret", "token")
    signer = Signer("dynamodb.eu-west-1.amazonaws.com", "eu-west-1")
    head = signer.head("DynamoDB_20120810.UpdateItem", b"{}", credentials, time.time())
    assert head.startswith(b"POST / HTTP/1.1\r\n")
    assert head.endswith(b"\r\n\r\n")
    assert not re.search(rb"(?<!\r)\n", head)


def test_credentials_show_only_their_id() -> None:
    """`H5`."""
    shown = repr(AwsCredentials("AKID", "the-secret", "the-token"))
    assert "AKID" in shown
    assert "the-" not in shown
