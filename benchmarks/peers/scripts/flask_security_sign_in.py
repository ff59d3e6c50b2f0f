"""Flask-Security: its JSON login, with its own hasher or with ours, on SQLite."""

import json

from answering import answer, expect
from flask_security import hash_password
from flask_security_app import app, db, security

PASSWORD = "violet kettle 1234 marmot"  # noqa: S105 - a test user's
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
