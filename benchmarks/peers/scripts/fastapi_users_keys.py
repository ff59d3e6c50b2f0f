"""fastapi-users: a bearer transport over its table of access tokens, on SQLite, through ASGI."""

import datetime
import uuid

from answering import answer, expect
from fastapi import Depends, FastAPI
from fastapi_users import FastAPIUsers
from fastapi_users_app import AccessToken, User, backend, call, fill, manager

current = FastAPIUsers(manager, [backend]).current_user(active=True)
app = FastAPI()


@app.get("/bare")
async def bare():
    """Answer without a key."""
    return {"id": 1}


@app.get("/keyed")
async def keyed(_=Depends(current)):
    """Answer with a valid key."""
    return {"id": 1}


user = User(id=uuid.uuid4(), email="a@b.test", hashed_password="-")
now = datetime.datetime.now(datetime.UTC)
fill(user, AccessToken(token="k" * 43, user_id=user.id, created_at=now))


def with_key(key):
    """Make a call with a key."""
    headers = [(b"authorization", f"Bearer {key}".encode())]
    return lambda: call(app, "GET", "/keyed", headers)


answer(
    {
        "bare": expect(200, lambda: call(app, "GET", "/bare", [])),
        "valid": expect(200, with_key("k" * 43)),
        "invalid": expect(401, with_key("u" * 43)),
        "malformed": expect(401, with_key("garbage")),
    }
)
