"""fastapi-users on SQLite, shared by both scripts: tables, manager, and calls through ASGI."""

import asyncio
import sys
import uuid

from fastapi import Depends
from fastapi_users import BaseUserManager, UUIDIDMixin
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

_OURS = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=47_104, parallelism=1),))
helper = PasswordHelper(_OURS) if sys.argv[2:] == ["ours"] else PasswordHelper()
engine = create_async_engine(f"sqlite+aiosqlite:///{sys.argv[1]}")
new_session = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    """The tables."""


class User(SQLAlchemyBaseUserTableUUID, Base):
    """The users."""


class AccessToken(SQLAlchemyBaseAccessTokenTableUUID, Base):
    """The keys or sessions."""


async def session():
    """Yield a database session for each request."""
    async with new_session() as opened:
        yield opened


async def users(opened=Depends(session)):
    """Yield the table of users."""
    yield SQLAlchemyUserDatabase(opened, User)


async def tokens(opened=Depends(session)):
    """Yield the table of tokens."""
    yield SQLAlchemyAccessTokenDatabase(opened, AccessToken)


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    """The manager of users."""


async def manager(table=Depends(users)):
    """Yield the manager."""
    yield UserManager(table, helper)


def strategy(table=Depends(tokens)):
    """Store tokens in their table."""
    return DatabaseStrategy(table)


backend = AuthenticationBackend("key", BearerTransport("login"), strategy)
loop = asyncio.new_event_loop()


async def _fill(rows):
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with new_session() as opened:
        for row in rows:
            opened.add(row)
            await opened.commit()


def fill(*rows):
    """Create the tables and insert rows."""
    loop.run_until_complete(_fill(rows))


def call(app, method, path, headers, body=b""):
    """Call an application and return the status."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost"), *headers],
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
    }

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def one():
        messages = []

        async def send(message):
            messages.append(message)

        await app(scope, receive, send)
        return messages[0]["status"]

    return loop.run_until_complete(one())
