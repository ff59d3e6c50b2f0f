"""Measures the service's rows by DynamoDB's rule for an item's size."""

from __future__ import annotations

import tempfile
from base64 import b64decode
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.stack.resources import table_definitions
from tests.support import service as whole
from tests.support.keys import Holder, make_key
from tests.support.personas.invitations import invite
from tests.support.personas.journeys import ADDRESS, ask_sign_in, become_a_user
from tests.support.personas.users import StoppedClock
from tests.support.servers import engines
from tests.support.servers.tables import fresh_tables
from tests.support.uniformity.world import surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.service import Service


def largest() -> dict[str, int]:
    """Use each part of the service once, and return the largest row of each table, in bytes."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        engine = stack.enter_context(engines.moto(scratch))
        stack.enter_context(surroundings(engine.environ))
        prefix = stack.enter_context(fresh_tables(engine))
        service = whole.start(engine, whole.environ_for(engine, prefix), StoppedClock())
        stack.callback(whole.stop)
        _live(service)
        tables = (made["TableName"] for made in table_definitions(""))
        sizes = {table: max(map(size, service.rows(table)), default=0) for table in tables}
    return {table: most for table, most in sizes.items() if most}


def size(row: Mapping[str, Any]) -> int:
    """Add up the sizes of names and values, as the developer guide describes."""
    return sum(len(name.encode()) + _value(value) for name, value in row.items())


def _live(service: Service) -> None:
    become_a_user(service)
    program = service.program()
    # Failed attempts first, so that their count is stored too.
    for _ in range(4):
        ask_sign_in(program, password="not this one")  # noqa: S106 - a wrong password
    ask_sign_in(program)
    Holder(service.program(), make_key(program)["key"]).get("/api/v1/account")
    invite(program)
    service.program().post("/auth/password_reset/request", {"email": ADDRESS})
    body = {"name": "Kim", "email": "kim@new.test", "account_name": "New"}
    service.program().post("/auth/sign_up", {**body, "password": "violet harbour under snow"})
    ask_sign_in(service.program(), password="not this one")  # noqa: S106 - a wrong password
    service.work()


def _value(value: Mapping[str, Any]) -> int:
    ((kind, inside),) = value.items()
    match kind:
        case "S":
            return len(inside.encode())
        case "N":
            return (len(inside.lstrip("-").replace(".", "")) + 1) // 2 + 1
        case "B":
            return len(b64decode(inside)) if isinstance(inside, str) else len(inside)
        case "M":
            return 3 + sum(1 + len(k.encode()) + _value(v) for k, v in inside.items())
        case "L":
            return 3 + sum(1 + _value(v) for v in inside)
        case _:
            return 1
