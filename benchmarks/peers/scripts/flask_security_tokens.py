"""Flask-Security: a view that requires its authentication token, on SQLite, through WSGI."""

from answering import answer, expect, wsgi
from flask_security import auth_required
from flask_security_app import app, db, security


@app.get("/bare")
def bare():
    """Answer without a token."""
    return {"id": 1}


@app.get("/keyed")
@auth_required("token")
def keyed():
    """Answer with a valid token."""
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


# Not the last character, which has unused bits.
unknown = f"{token[:-9]}{'A' if token[-9] != 'A' else 'B'}{token[-8:]}"

answer(
    {
        "bare": expect(200, call("/bare")),
        "valid": expect(200, with_token(token)),
        "invalid": expect(401, with_token(unknown)),
        "malformed": expect(401, with_token("garbage")),
    }
)
