"""A system that is told events over http, for tests."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """A system that is told events, and answers as it is bidden."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.headers: dict[str, str] = {}
        self.body = b""
        self.drip_s = 0.0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                receiver.heard.append((dict(self.headers), self.rfile.read(length)))
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(receiver.body)))
                self.end_headers()
                if receiver.drip_s:
                    self._drip()
                self.wfile.write(receiver.body)

            def _drip(self) -> None:
                until = time.monotonic() + receiver.drip_s
                while time.monotonic() < until:
                    self.wfile.write(b" ")
                    self.wfile.flush()
                    time.sleep(0.02)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a closed connection is no news
        self.port = self._server.server_port
        self.host = f"localhost:{self.port}"
        self.url = f"http://{self.host}/hooks?from=razbor"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def events(self) -> list[dict]:
        return [json.loads(body) for _, body in self.heard]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
