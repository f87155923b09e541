"""A Django application that the tests sign in to. Usage: django_site.py DIRECTORY PORT

DIRECTORY contains its database and clock_docs.py, the code of docs/sign-in.md.
"""

import os
import sys
from pathlib import Path

directory, port = Path(sys.argv[1]), sys.argv[2]
sys.path.insert(0, str(directory))

from django.conf import settings

login_page = """<title>App</title><form method="post">{% csrf_token %}
<label for="id_username">User</label>{{ form.username }}<label for="id_password">Word</label>{{ form.password }}
<input type="hidden" name="next" value="{{ next }}"><button>Enter</button></form>"""

settings.configure(
    SECRET_KEY=os.environ["DJANGO_SECRET_KEY"],
    CLOCK_SSO_SECRET=os.environ["CLOCK_SSO_SECRET"],
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(directory / "db.sqlite3")}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "clock_docs.clock_token",
    ],
    SESSION_COOKIE_DOMAIN=".example.org",
    CSRF_COOKIE_DOMAIN=".example.org",
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", {"login.html": login_page})]},
        }
    ],
)

import django

django.setup()

from django.contrib.auth import get_user_model
from django.contrib.auth.views import LogoutView
from django.core.management import call_command
from django.http import HttpResponse
from django.urls import path

from clock_docs import ClockLogin, clock_user

urlpatterns = [
    path("", lambda request: HttpResponse(f"user: {request.user.get_username()}")),
    path("accounts/login/", ClockLogin.as_view(template_name="login.html")),
    path("accounts/logout/", LogoutView.as_view(next_page="/")),
    path("clock-user/", clock_user),
]

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    get_user_model().objects.create_user("grace", password=os.environ["DJANGO_USER_PASSWORD"])
    call_command("runserver", f"127.0.0.1:{port}", use_reloader=False)
