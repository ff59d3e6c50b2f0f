"""djangorestframework-api-key: a view with its permission, on SQLite, through WSGI."""

import logging
import sys

import django
from answering import answer, expect, wsgi
from django.conf import settings

settings.configure(
    DEBUG=False,
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="a key that signs nothing here",
    ROOT_URLCONF=__name__,
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
        "rest_framework",
        "rest_framework_api_key",
    ],
    REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None},
    LOGGING_CONFIG=None,
)
django.setup()
logging.disable()

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_api_key.models import APIKey
from rest_framework_api_key.permissions import HasAPIKey


class Bare(APIView):
    """A view without a permission."""

    def get(self, request):
        """Answer."""
        return Response({"id": 1})


class Keyed(Bare):
    """The same view, with the key permission."""

    permission_classes = [HasAPIKey]


urlpatterns = [path("bare", Bare.as_view()), path("keyed", Keyed.as_view())]
call_command("migrate", verbosity=0)
application = get_wsgi_application()
_, key = APIKey.objects.create_key(name="bench")
unknown = key[:8] + ("0" * 32)


def keyed(value):
    """Make a call with a key."""
    return lambda: wsgi(application, "/keyed", {"Authorization": f"Api-Key {value}"})


answer(
    {
        "bare": expect(200, lambda: wsgi(application, "/bare", {})),
        "valid": expect(200, keyed(key)),
        "invalid": expect(403, keyed(f"{'x' * 8}.{unknown[-32:]}")),
        "malformed": expect(403, keyed("garbage")),
    }
)
