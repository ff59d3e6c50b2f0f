"""What the tests of pages share: one stack with people in every position."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.personas.personas import Cast, assemble
from tests.support.servers.stack import running_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.dns_server import DnsServer


@pytest.fixture(scope="session")
def cast(tmp_path_factory: pytest.TempPathFactory, dns_server: DnsServer) -> Iterator[Cast]:
    """People on a stack of their own, which asks our DNS server."""
    with running_stack(tmp_path_factory.mktemp("cast"), DNS_SERVER=dns_server.setting) as stack:
        yield assemble(stack, dns_server)
