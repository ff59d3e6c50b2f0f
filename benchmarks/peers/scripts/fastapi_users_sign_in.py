"""fastapi-users: its login route, with its own hasher or with ours, on SQLite."""

import asyncio
import sys
import uuid
from urllib.parse import urlencode

from answering import answer, expect
from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin
from fastapi_users.authentication import AuthenticationBackend, BearerTransport
from fastapi_users.authentication.strategy.db import DatabaseStrategy
from fastapi_users.password import PasswordHelper
from fastapi_users_db_sqlalchemy import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users_db_sqlalchemy.access_token import (
    SQLAlchemyAccessTokenDatabase,
    SQLAlchemyBaseAccessTokenTableUUID,
)
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

PASSWORD = "violet kettle 1234 marmot"  # noqa: S105 - a made-up person's
ours = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=47_104, parallelism=1),))
helper = PasswordHelper(ours) if sys.argv[2] == "ours" else PasswordHelper()
engine = create_async_engine(f"sqlite+aiosqlite:///{sys.argv[1]}")
new_session = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    """The tables."""


class User(SQLAlchemyBaseUserTableUUID, Base):
    """Its users."""


class AccessToken(SQLAlchemyBaseAccessTokenTableUUID, Base):
    """Its sessions."""


async def session():
    """Give each request a session of the database."""
    async with new_session() as opened:
        yield opened


async def users(opened=Depends(session)):
    """Give the users' table."""
    yield SQLAlchemyUserDatabase(opened, User)


async def tokens(opened=Depends(session)):
    """Give the sessions' table."""
    yield SQLAlchemyAccessTokenDatabase(opened, AccessToken)


class Manager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    """Its manager of users."""


async def manager(table=Depends(users)):
    """Give the manager."""
    yield Manager(table, helper)


def strategy(table=Depends(tokens)):
    """Keep sessions in their table."""
    return DatabaseStrategy(table, lifetime_seconds=43_200)


backend = AuthenticationBackend("session", BearerTransport("login"), strategy)
app = FastAPI()
app.include_router(FastAPIUsers(manager, [backend]).get_auth_router(backend))


async def fill():
    """Make a user."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with new_session() as opened:
        known = helper.hash(PASSWORD)
        opened.add(User(id=uuid.uuid4(), email="robin@acme.test", hashed_password=known))
        await opened.commit()


loop = asyncio.new_event_loop()
loop.run_until_complete(fill())


def sign_in(password):
    """Post the login form."""
    body = urlencode({"username": "robin@acme.test", "password": password}).encode()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/login",
        "raw_path": b"/login",
        "query_string": b"",
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", b"application/x-www-form-urlencoded"),
            (b"content-length", str(len(body)).encode()),
        ],
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
    }

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def one():
        said = []

        async def send(message):
            said.append(message)

        await app(dict(scope), receive, send)
        return said[0]["status"]

    return loop.run_until_complete(one())


answer(
    {
        "right": expect(200, lambda: sign_in(PASSWORD)),
        "wrong": expect(400, lambda: sign_in("another quiet morning 77")),
    }
)
