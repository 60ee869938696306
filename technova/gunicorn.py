"""Gunicorn's configuration: ``gunicorn --config python:technova.gunicorn technova.wsgi``.

Settings and documented hooks only: slow clients and invalid HTTP are left to the reverse proxy. The project's settings
are read here first, so that an error in them is reported once, before any process starts.
"""

import gc
import os
import shutil
import tempfile
from pathlib import Path

from django.db import connections
from django.test import RequestFactory
from django.urls import resolve

from technova import settings

gc.disable()  # until the fork: imported objects stay, and collecting among them took a fifth of the start

MEMORY = "/dev/shm"  # noqa: S108 - what is written there has a random name
worker_tmp_dir = MEMORY if Path(MEMORY).is_dir() else None

# In this process and those that it forks; an import that a page starts is a command.
settings.DATABASES["default"]["OPTIONS"] |= settings.REQUEST_LIMITS

# The directory through which the processes share their metrics: a new one, so that counts start at zero, and named
# before anything imports prometheus_client, which looks for it then.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="technova-metrics-", dir=worker_tmp_dir)

# Chosen once for all processes, which would else go elsewhere, each for itself, when it is full as they look.
tempfile.gettempdir()

bind = f"{settings.HOST}:{settings.PORT}"
workers = settings.WORKERS
worker_class = "gthread"
threads = 4
keepalive = 75  # seconds; longer than a proxy keeps a connection, which should be the one to close it
# Only BEHIND_TLS_PROXY and TRUSTED_PROXIES decide whether a proxy's headers are trusted.
forwarded_allow_ips = ""
limit_request_line = 8190  # the longest that gunicorn takes: the application answers an endless address in JSON
errorlog = (
    None  # LOGGING has gunicorn's lines written as the application's; requests are logged by technova.server.logs
)
loglevel = settings.LOGGING["root"]["level"].lower()
control_socket_disable = True
preload_app = True  # imported once before the fork: processes start at once and share that memory


def on_starting(server):
    gc.freeze()  # or the collector would write to shared memory and copy it


def post_fork(server, worker):
    gc.enable()


def post_worker_init(worker):
    """Warm up by the probe, which connects to the database and loads the model."""
    resolve("/ready").func(RequestFactory().get("/ready"))
    connections.close_all()


def child_exit(server, worker):
    """Drop the gauges of an ended process; its counters stay."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)


def on_exit(server):
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
