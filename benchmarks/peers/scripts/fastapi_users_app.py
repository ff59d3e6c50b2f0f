"""fastapi-users on SQLite, as both of its subjects use it: tables, manager, and calls by ASGI."""

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
    """Its users."""


class AccessToken(SQLAlchemyBaseAccessTokenTableUUID, Base):
    """Its keys, or its sessions."""


async def session():
    """Give each request a session of the database."""
    async with new_session() as opened:
        yield opened


async def users(opened=Depends(session)):
    """Give the users' table."""
    yield SQLAlchemyUserDatabase(opened, User)


async def tokens(opened=Depends(session)):
    """Give the tokens' table."""
    yield SQLAlchemyAccessTokenDatabase(opened, AccessToken)


class AccountAdmin(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    """Its manager of users."""


async def manager(table=Depends(users)):
    """Give the manager."""
    yield AccountAdmin(table, helper)


def strategy(table=Depends(tokens)):
    """Keep tokens in their table."""
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
    """Make the tables, and put rows into them."""
    loop.run_until_complete(_fill(rows))


def call(app, method, path, headers, body=b""):
    """Make a call of an application, and give its status."""
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
        said = []

        async def send(message):
            said.append(message)

        await app(scope, receive, send)
        return said[0]["status"]

    return loop.run_until_complete(one())
