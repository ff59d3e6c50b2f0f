"""pysaml2's identity provider in a child process; it signs with the xmlsec1 command."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import urllib.request
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chalicelib.gateways.saml.metadata import read_metadata
from tests.support.patience import PATIENCE
from tests.support.saml.keys import rsa_pair
from tests.support.saml.providers import ALICE, PASSWORD, Provider, ProviderMissingError
from tests.support.servers.children import clean_environ, free_port, listens, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@contextlib.contextmanager
def pysaml2(home: Path, users: Sequence[str] = (ALICE,)) -> Iterator[Provider]:
    """Run one on a free port; raises ProviderMissingError."""
    if shutil.which("xmlsec1") is None:
        message = "there is no xmlsec1 on the PATH, which pysaml2 signs with (Debian: xmlsec1)"
        raise ProviderMissingError(message)
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    pair = rsa_pair("pysaml2")
    home.mkdir(parents=True, exist_ok=True)
    (home / "idp.key").write_text(pair.private_pem)
    (home / "idp.crt").write_text(pair.certificate.pem)
    (home / "customers.json").write_text("{}")
    (home / "people.json").write_text(json.dumps(dict.fromkeys(users, PASSWORD)))
    command = [sys.executable, "-m", "tests.support.saml.providers.pysaml2_server"]
    with running(
        [*command, str(home), str(port)],
        clean_environ(),
        home / "pysaml2.log",
        lambda: listens(port),
    ):
        with urllib.request.urlopen(f"{base}/metadata", timeout=PATIENCE) as answer:  # noqa: S310
            metadata = answer.read()
        identity = read_metadata(metadata, datetime.now(UTC))
        yield Provider(identity, metadata, home / "customers.json")
