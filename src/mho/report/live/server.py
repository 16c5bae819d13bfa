"""A server for one page on this machine, that slow and broken clients cannot hold up.

It answers two addresses, the page and its events, and reads no file for either: nothing that a
client sends becomes a path. Addresses hold a token, so that only who was given the address, and
no page from elsewhere, gets an answer.
"""

import hmac
import secrets
import socket
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mho.report.live.channels import Channels

_HOST = "127.0.0.1"
_MOST_CONNECTIONS = 64
"""Connections at a time (1); the oldest that has asked for nothing yet makes room for another."""
_MOST_STREAMS = 16
"""Pages that are kept up to date at a time (1)."""
_PATIENCE = 5.0
"""Time that a client has to ask, and to take what it is sent (s)."""
_PIECE = 65_536
"""What a client is sent at a time, so that patience counts anew for each (B)."""
_BEAT = 1.0
"""Time after which a stream without news is told that all is well (s)."""


class LiveServer(ThreadingHTTPServer):
    """Serves the page and its events on the loopback address.

    Args:
        channels: What is told.
        page: The page as HTML.
        policy: Its policy.
        port: Port to listen on; any free one if 0.

    Raises:
        OSError: The port is taken.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(
        self, channels: Channels, page: str, policy: str, port: int = 0
    ) -> None:
        self.channels = channels
        self.page = page.encode()
        self.policy = policy
        self.token = secrets.token_urlsafe(18)
        self.ending = threading.Event()
        self._guard = threading.Lock()
        self._asking: dict[socket.socket, float] = {}
        self._connections = 0
        self._streams = 0
        super().__init__((_HOST, port), _Handler)

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{_HOST}:{self.server_port}/{self.token}/"

    @property
    def hosts(self) -> set[str]:
        """Names under which a browser may ask: a page elsewhere cannot borrow ours."""
        port = self.server_port
        return {f"{_HOST}:{port}", f"localhost:{port}"}

    @property
    def connections(self) -> int:
        """Clients that are being answered now (1)."""
        return self._connections

    @property
    def streams(self) -> int:
        """Pages that are kept up to date now (1)."""
        return self._streams

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin with a client, if need be instead of one that has not asked for anything."""
        with self._guard:
            is_full = self._connections >= _MOST_CONNECTIONS
            if is_full and not self._make_room():
                self.shutdown_request(request)
                return
            self._asking[request] = time.monotonic()
            self._connections += 1
        try:
            super().process_request(request, client_address)
        except RuntimeError:
            # no thread is left for it, and so nobody who would give the place back
            self._give_back(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a client."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._give_back(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is nothing to tell of."""
        del request, client_address

    def has_asked(self, request: socket.socket) -> None:
        """A client has said what it wants: it is not one of those that block a place."""
        with self._guard:
            self._asking.pop(request, None)

    def end_idle(self) -> None:
        """Hang up on clients that take too long to say what they want."""
        before = time.monotonic() - _PATIENCE
        with self._guard:
            for request, since in list(self._asking.items()):
                if since < before:
                    _hang_up(request)
                    del self._asking[request]

    def begin_stream(self) -> bool:
        """Take one of the places for pages; whether there was one."""
        with self._guard:
            if self._streams >= _MOST_STREAMS:
                return False
            self._streams += 1
            return True

    def end_stream(self) -> None:
        """Give the place back."""
        with self._guard:
            self._streams -= 1

    def _give_back(self, request: socket.socket) -> None:
        with self._guard:
            self._connections -= 1
            self._asking.pop(request, None)

    def _make_room(self) -> bool:
        """Hang up on the client that has been silent for longest; whether there was one."""
        if not self._asking:
            return False
        oldest = min(self._asking, key=self._asking.__getitem__)
        del self._asking[oldest]
        _hang_up(oldest)
        return True


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    server: LiveServer
    protocol_version = "HTTP/1.0"
    timeout = _PATIENCE
    server_version = "mho"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer with the page or its events, and with nothing else."""
        self.server.has_asked(self.connection)
        if self.headers.get("Host") not in self.server.hosts:
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        wanted = self.path.encode()
        home = f"/{self.server.token}/".encode()
        events = home + b"events"
        if hmac.compare_digest(wanted, home):
            self._page()
        elif hmac.compare_digest(wanted, events):
            self._events()
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Say nothing: the terminal is for the run."""
        del format, arguments

    def _page(self) -> None:
        self._head("text/html; charset=utf-8", len(self.server.page))
        self._send(self.server.page)

    def _events(self) -> None:
        """Every message as it comes, the last of a name only, until the run ends."""
        server = self.server
        if not server.begin_stream():
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        try:
            self._head("text/event-stream; charset=utf-8")
            version = 0
            while True:
                is_last = server.ending.is_set()
                messages = server.channels.newer(version, _BEAT)
                for name, message in messages:
                    self._send(_event(name, message.text))
                    version = message.version
                if is_last:
                    return
                if not messages:
                    self._send(b": all is well\n\n")
        finally:
            server.end_stream()

    def _send(self, content: bytes) -> None:
        for first in range(0, len(content), _PIECE):
            self.wfile.write(content[first : first + _PIECE])

    def _head(self, kind: str, length: int | None = None) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("Content-Security-Policy", self.server.policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("X-Frame-Options", "DENY")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()


def _event(name: str, text: str) -> bytes:
    """A message as the stream has it; names are letters, digits and hyphens."""
    return f'data: {{"name":"{name}","content":{text}}}\n\n'.encode()


def _hang_up(request: socket.socket) -> None:
    try:
        request.shutdown(socket.SHUT_RDWR)
    except OSError:
        request.close()
