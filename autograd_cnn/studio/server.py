"""The server: the page, its script and style, and one socket a page.

It listens on the loopback address. Any page of the web may try to reach a port of this machine: so the address has a token that nobody can
guess, `Host` must be an address of this server (a name that someone else points here is none), and a socket is opened for the page's own
origin only. No path of a request reaches the file system.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import secrets
import signal
import socket
from collections.abc import Callable
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from .desk import Desk, Page
from .wire import LARGEST, pack, unpack

LOOPBACK = "127.0.0.1"
EVERYWHERE = ("0.0.0.0", "::")
_FILES = {
    "": ("page/index.html", "text/html; charset=utf-8"),
    "studio.js": ("built/studio.js", "text/javascript; charset=utf-8"),
    "studio.css": ("page/studio.css", "text/css; charset=utf-8"),
    "licences.txt": ("built/licences.txt", "text/plain; charset=utf-8"),
}
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; media-src 'self' blob:"


class Server:
    """A desk's server, once `start` has been called.

    Args:
        desk: who answers.
        host: the address to listen on.
        port: the port, 0 for a free one.
    """

    def __init__(self, desk: Desk, host: str = LOOPBACK, port: int = 0) -> None:
        self.desk = desk
        self.host = host
        self.port = port
        self.token = secrets.token_urlsafe(16)
        self._server: Any = None
        self.pages = 0

    @property
    def address(self) -> str:
        """What to open in a browser."""
        name = "localhost" if self.host == LOOPBACK else socket.gethostname() if self.host in EVERYWHERE else self.host
        name = f"[{name}]" if ":" in name else name
        return f"http://{name}:{self.port}/?token={self.token}"

    @property
    def listens(self) -> bool:
        """Has it been started?"""
        return self._server is not None

    def start(self) -> None:
        """Listen. To be called within a running event loop.

        Raises:
            OSError: the port is taken, or the address is none of this machine.
            ImportError: tornado is not installed.
        """
        try:
            from tornado.httpserver import HTTPServer
        except ImportError:
            raise ImportError('the studio needs tornado, its server. Install it with: pip install "autograd-cnn[studio]".') from None
        listening = socket.create_server(
            (self.host, self.port), family=socket.AF_INET6 if ":" in self.host else socket.AF_INET, backlog=128
        )
        listening.setblocking(False)
        self.port = listening.getsockname()[1]
        self._server = HTTPServer(_application(self), max_body_size=1024, xheaders=False)
        self._server.add_sockets([listening])

    async def stop(self) -> None:
        """Close the port and the sockets."""
        self._server.stop()
        await self._server.close_all_connections()
        self.desk.close()

    def is_ours(self, host: str | None) -> bool:
        """Is that a name under which this server was asked, and not one that somebody else points at it?"""
        name = urlsplit(f"//{host or ''}").hostname or ""
        if name in ("localhost", self.host) or (self.host in EVERYWHERE and name == socket.gethostname().lower()):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or self.host in EVERYWHERE  # an address is no name that could be pointed elsewhere

    def is_token(self, given: str) -> bool:
        """Is it this server's token?"""
        return hmac.compare_digest(given.encode(), self.token.encode())


def _application(server: Server) -> Any:
    from tornado.web import Application, RequestHandler
    from tornado.websocket import WebSocketClosedError, WebSocketHandler

    class Files(RequestHandler):
        def get(self, name: str) -> None:
            if not server.is_ours(self.request.host) or (not name and not server.is_token(self.get_query_argument("token", ""))):
                self.set_status(403)
                self.finish("This is not the address that autograd-cnn studio printed: open that one, with its token.\n")
                return
            found = _FILES.get(name)
            if found is None:
                self.set_status(404)
                self.finish("There is no such page.\n")
                return
            self.set_header("Content-Type", found[1])
            self.set_header("Cache-Control", "no-cache")
            self.set_header("X-Content-Type-Options", "nosniff")
            self.set_header("Referrer-Policy", "no-referrer")
            self.set_header("Content-Security-Policy", _POLICY)
            self.finish(part(found[0]))

    class Socket(WebSocketHandler):
        def prepare(self) -> None:
            if not server.is_ours(self.request.host) or not server.is_token(self.get_query_argument("token", "")):
                self.set_status(403)
                self.finish()

        def open(self) -> None:
            server.pages += 1
            self.set_nodelay(True)
            self.page = Page(server.desk, self._say)
            self._say(pack({"kind": "layout", **server.desk.look.layout()}))

        def on_message(self, message: str | bytes) -> None:
            head: dict[str, Any] = {}
            try:
                if isinstance(message, str):
                    raise ValueError("expected a message of bytes, got a text.")
                head, data = unpack(message)
                self.page.asked(head, data)
            except ValueError as error:
                self._say(pack({"kind": "error", "id": head.get("id"), "what": "ValueError", "text": str(error)}))

        def on_close(self) -> None:
            server.pages -= 1
            self.page.left()

        def _say(self, message: bytes) -> None:
            try:
                sent = self.write_message(message, binary=True)
            except WebSocketClosedError:
                return
            sent.add_done_callback(lambda done: done.exception())  # a page that is gone hears nothing

    return Application(
        [(r"/socket", Socket), (r"/(.*)", Files)],
        websocket_max_message_size=LARGEST,
        websocket_ping_interval=20,
        log_function=lambda handler: None,
    )


def part(name: str) -> bytes:
    """A file of the page: as it is written, or, of the script, as it was built."""
    return files("autograd_cnn.studio").joinpath(*name.split("/")).read_bytes()


def serve(server: Server, ready: Callable[[Server], None] = lambda server: None) -> None:
    """Answer pages until Ctrl-C. `ready` is called once pages can be opened."""

    async def run() -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, ended.set)
            except (NotImplementedError, RuntimeError, ValueError):  # Windows, or not in the main thread
                break
        server.start()
        ready(server)
        try:
            await ended.wait()
        finally:
            await server.stop()

    asyncio.run(run())
