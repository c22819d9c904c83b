"""A collector of traces that keeps what it gets, as it comes, and answers that all is well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import FileIO
from pathlib import Path
from threading import Lock, Thread
from typing import Final

PLAIN: Final = {"OTEL_EXPORTER_OTLP_COMPRESSION": "none"}
"""So that what is kept can be searched."""


class _Collector(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, file: FileIO) -> None:
        super().__init__(("127.0.0.1", 0), _Keeping)
        self.file, self.lock = file, Lock()


class _Keeping(BaseHTTPRequestHandler):
    server: _Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.file.write(body)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silent."""

    def handle_error(self, *_: object) -> None:
        """An exporter that was killed is no error of ours."""


@contextmanager
def running_collector(kept: Path) -> Iterator[dict[str, str]]:
    """The settings that make a service export to it. `kept` has the bodies, one after the other:
    as messages of the same type they are one message, too."""
    with FileIO(str(kept), "a") as file, _Collector(file) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{server.server_port}", **PLAIN}
        finally:
            server.shutdown()
            thread.join()
