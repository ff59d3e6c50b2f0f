"""fastapi-users: a bearer transport over its table of access tokens, on SQLite, through ASGI."""

import asyncio
import datetime
import sys
import uuid

from answering import answer, expect
from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin
from fastapi_users.authentication import AuthenticationBackend, BearerTransport
from fastapi_users.authentication.strategy.db import DatabaseStrategy
from fastapi_users_db_sqlalchemy import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users_db_sqlalchemy.access_token import (
    SQLAlchemyAccessTokenDatabase,
    SQLAlchemyBaseAccessTokenTableUUID,
)
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

engine = create_async_engine(f"sqlite+aiosqlite:///{sys.argv[1]}")
new_session = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    """The tables."""


class User(SQLAlchemyBaseUserTableUUID, Base):
    """Its users."""


class AccessToken(SQLAlchemyBaseAccessTokenTableUUID, Base):
    """Its keys."""


async def session():
    """Give each request a session."""
    async with new_session() as opened:
        yield opened


async def users(opened=Depends(session)):
    """Give the users' table."""
    yield SQLAlchemyUserDatabase(opened, User)


async def tokens(opened=Depends(session)):
    """Give the keys' table."""
    yield SQLAlchemyAccessTokenDatabase(opened, AccessToken)


class Manager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    """Its manager of users."""


async def manager(table=Depends(users)):
    """Give the manager."""
    yield Manager(table)


def strategy(table=Depends(tokens)):
    """Look keys up in their table."""
    return DatabaseStrategy(table)


backend = AuthenticationBackend("key", BearerTransport("login"), strategy)
current = FastAPIUsers(manager, [backend]).current_user(active=True)
app = FastAPI()


@app.get("/bare")
async def bare():
    """Answer anyone."""
    return {"id": 1}


@app.get("/keyed")
async def keyed(_=Depends(current)):
    """Answer those with a key."""
    return {"id": 1}


async def fill():
    """Make a user and a key."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with new_session() as opened:
        user = User(id=uuid.uuid4(), email="a@b.test", hashed_password="-")
        opened.add(user)
        await opened.commit()
        now = datetime.datetime.now(datetime.UTC)
        opened.add(AccessToken(token="k" * 43, user_id=user.id, created_at=now))
        await opened.commit()


loop = asyncio.new_event_loop()
loop.run_until_complete(fill())


def call(path, key=None):
    """Make a call of the application."""
    headers = [(b"host", b"localhost")]
    if key is not None:
        headers.append((b"authorization", f"Bearer {key}".encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
    }

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def one():
        said = []

        async def send(message):
            said.append(message)

        await app(dict(scope), receive, send)
        return said[0]["status"]

    return lambda: loop.run_until_complete(one())


answer(
    {
        "bare": expect(200, call("/bare")),
        "valid": expect(200, call("/keyed", "k" * 43)),
        "invalid": expect(401, call("/keyed", "u" * 43)),
        "malformed": expect(401, call("/keyed", "garbage")),
    }
)
