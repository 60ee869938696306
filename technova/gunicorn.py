"""How gunicorn serves the application: ``gunicorn --config python:technova.gunicorn technova.wsgi``.

The settings are read here first, so that a mistake in them is said once, before any process is started.
"""

import logging.config
import os
import shutil
import socket
import tempfile
from importlib import import_module
from pathlib import Path

from django.db import connections
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from technova import settings

STALLED = 60_000  # milliseconds
MEMORY = "/dev/shm"  # noqa: S108 - what is written there has a random name
worker_tmp_dir = MEMORY if Path(MEMORY).is_dir() else None

# The directory through which the processes share their metrics: a new one, so that counts start at zero, and named
# before anything imports prometheus_client, which looks for it then.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="technova-metrics-", dir=worker_tmp_dir)


class ServerLogger(Logger):
    """Gunicorn's own lines in the format of the application's. Requests are logged by ``technova.logs``."""

    def setup(self, cfg):
        super().setup(cfg)
        logging.config.dictConfig(settings.LOGGING)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class FairWorker(ThreadWorker):
    """Takes a new connection only while it has a thread for it, and leaves the others to the other processes.

    Gunicorn's own takes every connection that it sees: the first process to wake takes a whole burst, and keeps it.
    """

    busy = 0

    def enqueue_req(self, conn):
        self.busy += 1
        super().enqueue_req(conn)

    def finish_request(self, conn, fs):
        self.busy -= 1
        super().finish_request(conn, fs)

    def accept(self, listener):
        super().accept(listener)
        self.set_accept_enabled(True)  # that is, unless this connection took the last thread

    def set_accept_enabled(self, enabled):
        super().set_accept_enabled(enabled and self.busy < self.cfg.threads)


bind = f"{settings.HOST}:{settings.PORT}"
workers = settings.WORKERS
worker_class = FairWorker
threads = 4
keepalive = 75  # seconds; longer than a proxy keeps a connection, which should be the one to close it
limit_request_line = 8190  # the longest that gunicorn takes: the application answers an endless address in JSON
logger_class = ServerLogger
control_socket_disable = True


def when_ready(server):
    """Give up a client that takes nothing more of its answer: it would keep a thread, and an export its cursor."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; connections inherit it
        for listener in server.LISTENERS:
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED)


def post_worker_init(worker):
    """Do what the first request would wait for: import the views, connect, load the model; log what is not ready."""
    import_module("technova.urls")
    import_module("technova.health").problems()
    connections.close_all()


def child_exit(server, worker):
    """Forget the gauges of a process that ended; its counts stay."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)


def on_exit(server):
    shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
