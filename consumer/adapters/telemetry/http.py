"""Metrics and health over HTTP: GET only, on a thread of its own."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import cast

from prometheus_client import CONTENT_TYPE_LATEST

from consumer import __version__
from consumer.adapters.telemetry.health import Answer, Health
from consumer.adapters.telemetry.logs import logger
from consumer.errors import BadConfigurationError

_INDEX = f"""<!doctype html><html lang="en"><title>seek-signals</title>
<h1>seek-signals {__version__}</h1>
<ul><li><a href="/metrics">/metrics</a> for Prometheus
<li><a href="/livez">/livez</a>: the loop turns
<li><a href="/readyz">/readyz</a>: a member of its group; what is held, what stands still</ul>
"""


STOPS_WITHIN_S = 0.1
"""How often the thread looks whether to stop."""


@dataclass(frozen=True, slots=True)
class Page:
    status: HTTPStatus
    content_type: str
    body: bytes


Pages = Mapping[str, Callable[[], Page]]


def pages(metrics: Callable[[], bytes], health: Health) -> Pages:
    """By path. Each is made when it is asked for."""
    return {
        "/": lambda: Page(HTTPStatus.OK, "text/html; charset=utf-8", _INDEX.encode()),
        "/metrics": lambda: Page(HTTPStatus.OK, CONTENT_TYPE_LATEST, metrics()),
        "/livez": lambda: _json(health.live()),
        "/readyz": lambda: _json(health.ready()),
    }


@contextmanager
def serving(host: str, port: int, to_serve: Pages) -> Generator[int]:
    """Serves until the block ends; gives the port, which matters when 0 was asked for.

    `BadConfigurationError` when the address cannot be listened on.
    """
    try:
        server = _Server(host, port, to_serve)
    except OSError as error:
        fault = (
            f"SEEK_SIGNALS_HTTP_HOST, SEEK_SIGNALS_HTTP_PORT: cannot listen on {host}:{port}: "
            f"{error.strerror or error}"
        )
        raise BadConfigurationError([fault]) from error
    thread = threading.Thread(
        target=server.serve_forever, args=(STOPS_WITHIN_S,), name="http", daemon=True
    )
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingTCPServer):
    """Not `HTTPServer`: that one asks the DNS for its own name before it listens."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, host: str, port: int, to_serve: Pages) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.pages = to_serve
        super().__init__((host, port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever hangs up early is of no interest; else the rest of the service goes on."""
        del request, client_address
        kind, *_ = sys.exc_info()
        if kind is not None and not issubclass(kind, OSError):
            logger().error("page failed", kind=kind.__name__)


class _Handler(BaseHTTPRequestHandler):
    server_version = "seek-signals"
    sys_version = ""
    timeout = 10
    """Seconds that a client may take to ask."""

    def do_GET(self) -> None:
        make = cast("_Server", self.server).pages.get(self.path.partition("?")[0])
        if make is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        page = make()
        self.send_response(page.status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(page.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- http.server's
        """Probes come every few seconds: none is worth a line."""


def _json(answer: Answer) -> Page:
    return Page(answer.status, "application/json", json.dumps(answer.body).encode() + b"\n")
