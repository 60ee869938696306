"""How gunicorn serves the application: ``gunicorn --config python:technova.gunicorn technova.wsgi``.

Gunicorn's own settings and hooks, and no code of its workers: slow clients and what is not HTTP are left to the reverse
proxy in front. The project's settings are read here first, so that a mistake in them is said once, before any process
is started.
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

gc.disable()  # until the processes are forked: what is imported stays, and to look through it took a fifth of the start

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
# Whether to believe what a proxy says in its headers is said by BEHIND_TLS_PROXY and TRUSTED_PROXIES alone.
forwarded_allow_ips = ""
limit_request_line = 8190  # the longest that gunicorn takes: the application answers an endless address in JSON
errorlog = (
    None  # LOGGING has gunicorn's lines written as the application's; requests are logged by technova.server.logs
)
loglevel = settings.LOGGING["root"]["level"].lower()
control_socket_disable = True
preload_app = True  # imported once for all processes, which then start in no time and share that memory


def on_starting(server):
    gc.freeze()  # or the collector would write to the memory that the processes share


def post_fork(server, worker):
    gc.enable()


def post_worker_init(worker):
    """Ask the probe, which does what the first request would wait for: it connects, and loads the model."""
    resolve("/ready").func(RequestFactory().get("/ready"))
    connections.close_all()


def child_exit(server, worker):
    """Forget the gauges of a process that ended; its counts stay."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)


def on_exit(server):
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
