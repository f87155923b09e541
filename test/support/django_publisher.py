"""Publishes {"n": 1} to {"n": 3} with the Django code of docs/channels.md, and prints what was published after each.

It expects that code as django_publish.py, and the module that it imports, on PYTHONPATH.
"""

import json
import os

from django.conf import settings

settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})

import django

django.setup()

import requests
from django.db import transaction
from django_publish import publish_on_commit


def show(moment):
    headers = {"Authorization": f"Bearer {os.environ['CLOCK_TOKEN']}"}
    url = f"{os.environ['CLOCK_URL']}/api/initial_state?channel=trains"
    print(json.dumps([moment, requests.get(url, headers=headers, timeout=60).json()["current"]]))


with transaction.atomic():
    publish_on_commit("trains", {"n": 1})
    show("in a transaction")
show("after the commit")
with transaction.atomic():
    publish_on_commit("trains", {"n": 2})
    transaction.set_rollback(True)
show("after a rollback")
publish_on_commit("trains", {"n": 3})
show("outside a transaction")
publish_on_commit("forbidden", {"n": 4})
show("after a refusal")
