"""Flask-Security: a view that wants its authentication token, on SQLite, through WSGI."""

import sys

from answering import answer, expect, wsgi
from flask import Flask
from flask_security import Security, SQLAlchemyUserDatastore, auth_required
from flask_security.models import fsqla_v3
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config.update(
    SECRET_KEY="k" * 40,
    SECURITY_PASSWORD_SALT="1" * 20,
    SECURITY_PASSWORD_HASH="argon2",
    SQLALCHEMY_DATABASE_URI=f"sqlite:///{sys.argv[1]}",
)
db = SQLAlchemy(app)
fsqla_v3.FsModels.set_db_info(db)


class Role(db.Model, fsqla_v3.FsRoleMixin):
    """Its roles."""


class User(db.Model, fsqla_v3.FsUserMixin):
    """Its users."""


security = Security(app, SQLAlchemyUserDatastore(db, User, Role))


@app.get("/bare")
def bare():
    """Answer anyone."""
    return {"id": 1}


@app.get("/keyed")
@auth_required("token")
def keyed():
    """Answer those with a token."""
    return {"id": 1}


with app.app_context():
    db.create_all()
    user = security.datastore.create_user(email="a@b.test", password="-")
    db.session.commit()
    token = user.get_auth_token()


def call(path, **headers):
    """Make a call of the application."""
    return lambda: wsgi(app.wsgi_app, path, {"Accept": "application/json", **headers})


def with_token(value):
    """Make a call with a token."""
    return call("/keyed", **{"Authentication-Token": value})


answer(
    {
        "bare": expect(200, call("/bare")),
        "valid": expect(200, with_token(token)),
        "invalid": expect(401, with_token(token[:-1] + ("A" if token[-1] != "A" else "B"))),
        "malformed": expect(401, with_token("garbage")),
    }
)
