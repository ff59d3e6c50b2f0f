"""Django: authenticate and log in, with its own hasher or with ours, on SQLite."""

import sys

import django
from answering import answer, expect
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher


class Ours(Argon2PasswordHasher):
    """Argon2id with our parameters."""

    time_cost, memory_cost, parallelism = 1, 47_104, 1


settings.configure(
    SECRET_KEY="a key that signs nothing here",
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": sys.argv[1],
            "CONN_MAX_AGE": None,
        }
    },
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
    ],
    **({"PASSWORD_HASHERS": ["__main__.Ours"]} if sys.argv[2] == "ours" else {}),
)
django.setup()

from django.contrib.auth import authenticate, get_user_model, login
from django.core.management import call_command
from django.http import HttpRequest
from django.utils.module_loading import import_string

call_command("migrate", verbosity=0)
PASSWORD = "violet kettle 1234 marmot"  # noqa: S105 - a test user's
get_user_model().objects.create_user("robin", password=PASSWORD)
session_store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")


def sign_in(password):
    """Verify a password and store a session, as the login view does."""
    request = HttpRequest()
    request.session = session_store()
    user = authenticate(request, username="robin", password=password)
    if user is not None:
        login(request, user)
        request.session.save()
    return int(user is not None)


answer(
    {
        "right": expect(1, lambda: sign_in(PASSWORD)),
        "wrong": expect(0, lambda: sign_in("another quiet morning 77")),
    }
)
