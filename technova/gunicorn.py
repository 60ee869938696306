"""How gunicorn serves the application: ``gunicorn --config python:technova.gunicorn technova.wsgi``.

The settings are read here first, so that a mistake in them is said once, before any process is started.
"""

import json
import logging.config
import os
import shutil
import socket
import struct
import sys
import tempfile
import uuid
from contextlib import suppress
from http import HTTPStatus
from importlib import import_module
from pathlib import Path

from django.db import connections
from gunicorn import util
from gunicorn.glogging import Logger
from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

from technova import settings

STALLED = 60_000  # milliseconds
SILENT_HEAD, SILENT_BODY = 5, 30  # seconds
MEMORY = "/dev/shm"  # noqa: S108 - what is written there has a random name
worker_tmp_dir = MEMORY if Path(MEMORY).is_dir() else None

# In this process and those that it forks; an import that a page starts is a command.
settings.DATABASES["default"]["OPTIONS"] |= settings.REQUEST_LIMITS

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

    def exception(self, msg, *args, **kwargs):
        """A client that stopped sending in the middle of a request, see ``when_ready``, is no error of ours."""
        if isinstance(sys.exception(), BlockingIOError):
            self.info("A client stopped sending in the middle of a request")
        else:
            super().exception(msg, *args, **kwargs)


# What the server refuses before the application sees it, and what it does not send for the application.
REFUSALS = {
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
    errors.InvalidResponseHeader: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.InvalidResponseHeaderName: HTTPStatus.INTERNAL_SERVER_ERROR,
}


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
        if not self.alive:
            self.accept_all()

    def accept_all(self):
        """Take whoever waits, as the server stops: without a process that took it a connection ends unanswered."""
        for listener in self.sockets:
            before = None
            while before != self.nr_conns:
                before = self.nr_conns
                super().accept(listener)

    def handle_request(self, req, conn):
        """Have more patience with a body, which may be an upload over a bad line, than with the few bytes before it."""
        limit_silence(conn.sock, SILENT_BODY)
        try:
            return super().handle_request(req, conn)
        finally:
            limit_silence(conn.sock, SILENT_HEAD)

    def handle_error(self, req, client, addr, exc):
        """Answer in the API's shape what is not the HTTP that we take.

        Gunicorn's own answer, and its line in the log, repeat what the client sent, which may be an API key.
        """
        is_refused = isinstance(exc, errors.ParseException)
        status = REFUSALS.get(type(exc), HTTPStatus.BAD_REQUEST) if is_refused else HTTPStatus.INTERNAL_SERVER_ERROR
        request_id = str(uuid.uuid4())
        self.log.warning(
            "Answered with %s: %s",
            status.value,
            type(exc).__name__,
            exc_info=None if is_refused else exc,
            extra={"request_id": request_id},
        )
        body = json.dumps({"detail": f"{status.phrase}.", "request_id": request_id})
        head = [
            f"HTTP/1.1 {status.value} {status.phrase}",
            "Connection: close",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            f"X-Request-ID: {request_id}",
        ]
        with suppress(OSError):  # the client may be gone
            util.write_nonblock(client, "\r\n".join([*head, "", body]).encode())


bind = f"{settings.HOST}:{settings.PORT}"
workers = settings.WORKERS
worker_class = FairWorker
threads = 4
keepalive = 75  # seconds; longer than a proxy keeps a connection, which should be the one to close it
# Whether to believe what a proxy says in its headers is said by BEHIND_TLS_PROXY and TRUSTED_PROXIES alone.
forwarded_allow_ips = ""
limit_request_line = 8190  # the longest that gunicorn takes: the application answers an endless address in JSON
logger_class = ServerLogger
control_socket_disable = True


def when_ready(server):
    """Keep clients that do nothing from keeping a thread: they would hold the others up, and an export its cursor.

    One that takes nothing more of its answer is given up, and so is one that stops in the middle of its request. One
    that only connects, as browsers do ahead of time, is accepted with its first byte.
    """
    if sys.platform != "linux":
        return
    for listener in server.LISTENERS:  # whose options its connections inherit
        listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED)
        listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, keepalive)
        limit_silence(listener.sock, SILENT_HEAD)


def limit_silence(connection: socket.socket, seconds: int) -> None:
    """End the connection when nothing comes for so long while something is waited for."""
    with suppress(OSError):  # it may have ended
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", seconds, 0))


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
