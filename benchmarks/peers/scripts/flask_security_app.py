"""Flask-Security on SQLite, shared by both scripts."""

import sys

from flask import Flask
from flask_security import Security, SQLAlchemyUserDatastore
from flask_security.models import fsqla_v3
from flask_sqlalchemy import SQLAlchemy

_OURS = {
    "SECURITY_PASSWORD_HASH": "argon2",
    "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": {
        "argon2__memory_cost": 47_104,
        "argon2__rounds": 1,
        "argon2__parallelism": 1,
    },
}
app = Flask(__name__)
app.config.update(
    SECRET_KEY="k" * 40,
    SECURITY_PASSWORD_SALT="1" * 20,
    SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False, "test_environment": True},
    WTF_CSRF_ENABLED=False,
    SQLALCHEMY_DATABASE_URI=f"sqlite:///{sys.argv[1]}",
    **(_OURS if sys.argv[2:] == ["ours"] else {}),
)
db = SQLAlchemy(app)
fsqla_v3.FsModels.set_db_info(db)


class Role(db.Model, fsqla_v3.FsRoleMixin):
    """The roles."""


class User(db.Model, fsqla_v3.FsUserMixin):
    """The users."""


security = Security(app, SQLAlchemyUserDatastore(db, User, Role))
