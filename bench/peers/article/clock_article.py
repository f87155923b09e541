"""The article's system in one module: a Channels consumer behind Django's sign-in, and a Celery task each 500 ms.

    python3 clock_article.py              creates the database and a user, and prints the user's session cookie
    uvicorn clock_article:application     serves the sockets
    celery -A clock_article worker        runs the task
    celery -A clock_article beat          schedules it

DIRECTORY (environment) contains the database. REDIS_HOST and REDIS_PORT name the Redis.
"""

import json
import os
import time
from pathlib import Path

from django.conf import settings

directory = Path(os.environ["DIRECTORY"])
redis_host, redis_port = os.environ["REDIS_HOST"], int(os.environ["REDIS_PORT"])

settings.configure(
    SECRET_KEY="only for this benchmark",
    ALLOWED_HOSTS=["*"],
    TIME_ZONE="Europe/Madrid",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(directory / "db.sqlite3")}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "channels"],
    CELERY_BROKER_URL=f"redis://{redis_host}:{redis_port}",
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {"hosts": [(redis_host, redis_port)], "capacity": 1500, "expiry": 10},
        }
    },
)

import django

django.setup()

from asgiref.sync import async_to_sync
from celery import Celery
from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import path

GROUP = "time"


class TimeConsumer(AsyncWebsocketConsumer):
    async def connect(self):
        if self.scope["user"].is_anonymous:
            await self.close()
            return
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def time_message(self, event):
        await self.send(text_data=json.dumps({"message": event["message"]}))


application = ProtocolTypeRouter(
    {"websocket": AuthMiddlewareStack(URLRouter([path("time/tic/", TimeConsumer.as_asgi())]))}
)

app = Celery("clock_article")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_schedule = {"time": {"task": "time", "schedule": 0.5}}
app.conf.beat_schedule_filename = str(directory / "beat")


# The article's message contains the text of the time alone. The benchmark needs the instant beside it.
@app.task(name="time", ignore_result=True)
def publish_time():
    message = {"time": time.strftime("%X"), "at": time.time_ns() // 1_000_000}
    async_to_sync(get_channel_layer().group_send)(GROUP, {"type": "time.message", "message": message})


def create_user():
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    client = Client()
    client.force_login(get_user_model().objects.create_user("viewer"))
    print(client.cookies["sessionid"].value)


if __name__ == "__main__":
    create_user()
