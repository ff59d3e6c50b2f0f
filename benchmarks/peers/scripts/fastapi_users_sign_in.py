"""fastapi-users: its login route, with its own hasher or with ours, on SQLite."""

import uuid
from urllib.parse import urlencode

from answering import answer, expect
from fastapi import FastAPI
from fastapi_users import FastAPIUsers
from fastapi_users_app import User, backend, call, fill, helper, manager

PASSWORD = "violet kettle 1234 marmot"  # noqa: S105 - a test user's
app = FastAPI()
app.include_router(FastAPIUsers(manager, [backend]).get_auth_router(backend))
known = helper.hash(PASSWORD)
fill(User(id=uuid.uuid4(), email="robin@acme.test", hashed_password=known))


def sign_in(password):
    """Post the login form."""
    body = urlencode({"username": "robin@acme.test", "password": password}).encode()
    headers = [
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"content-length", str(len(body)).encode()),
    ]
    return call(app, "POST", "/login", headers, body)


answer(
    {
        "right": expect(200, lambda: sign_in(PASSWORD)),
        "wrong": expect(400, lambda: sign_in("another quiet morning 77")),
    }
)
