"""Flask-Security: its JSON login, with its own hasher or with ours, on SQLite."""

import json
import sys

from answering import answer, expect
from flask import Flask
from flask_security import Security, SQLAlchemyUserDatastore, hash_password
from flask_security.models import fsqla_v3
from flask_sqlalchemy import SQLAlchemy

PASSWORD = "violet kettle 1234 marmot"  # noqa: S105 - a made-up person's
OURS = {
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
    **(OURS if sys.argv[2] == "ours" else {}),
)
db = SQLAlchemy(app)
fsqla_v3.FsModels.set_db_info(db)


class Role(db.Model, fsqla_v3.FsRoleMixin):
    """Its roles."""


class User(db.Model, fsqla_v3.FsUserMixin):
    """Its users."""


security = Security(app, SQLAlchemyUserDatastore(db, User, Role))
with app.app_context():
    db.create_all()
    security.datastore.create_user(email="robin@acme.test", password=hash_password(PASSWORD))
    db.session.commit()


def sign_in(password):
    """Post to the login view, from a browser that has no session."""
    body = json.dumps({"email": "robin@acme.test", "password": password})
    reply = app.test_client().post("/login", data=body, content_type="application/json")
    return reply.status_code


answer(
    {
        "right": expect(200, lambda: sign_in(PASSWORD)),
        "wrong": expect(400, lambda: sign_in("another quiet morning 77")),
    }
)
