"""A server before the local Hub that fails as a Hub fails: an error, a request to slow down, half an answer, a late one."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLOW_SECONDS = 4.0


@contextmanager
def failing_hub(endpoint: str, fails: Callable[[str, str], str | None]) -> Iterator[str]:
    """Its address; ``fails(method, path)`` says a status, ``cut``, ``lost``, ``flipped``, ``slow`` or nothing."""
    address = endpoint.removeprefix("http://")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: object) -> None:
            pass

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            failure = fails(self.command, self.path)
            if failure == "slow":
                time.sleep(SLOW_SECONDS)
            elif failure is not None and failure.isdigit():
                self.send_response(int(failure))
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            connection = http.client.HTTPConnection(address, timeout=60)
            connection.request(self.command, self.path, body, dict(self.headers))
            reply = connection.getresponse()
            content = reply.read()
            if failure == "flipped" and content:
                content = content[:-1] + bytes([content[-1] ^ 1])
            if failure == "lost":
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(reply.status)
            for name, value in reply.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding", "connection", "server", "date"):
                    self.send_header(name, value)
            length = reply.getheader("content-length", "0") if self.command == "HEAD" else str(len(content))
            self.send_header("Content-Length", length)
            self.end_headers()
            if failure == "cut":
                # The Hub has done what it was asked to; the client never learns of it.
                self.wfile.write(content[: len(content) // 2])
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.wfile.write(content)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
