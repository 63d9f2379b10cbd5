"""An OpenAI-compatible server as a process of its own, which answers as it is told: errors, rate limits and all.

Run as a program it serves until its standard input ends; `ChatServer` starts it and tells it what to answer.
"""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["DROP", "ChatServer", "Reply", "failed", "wrote"]

Reply = tuple[int, dict[str, str], bytes]
DROP: Reply = (0, {}, b"")
"""The connection ends without an answer."""


def wrote(content: Any, finish: str = "stop", **message: Any) -> Reply:
    """A model's answer."""
    text = content if isinstance(content, str) or content is None else json.dumps(content)
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **message}}
    body = {"choices": [choice], "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}}
    return 200, {}, json.dumps(body).encode()


def failed(status: int, message: str = "busy", **headers: str) -> Reply:
    """An error of the service."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, named, json.dumps({"error": {"message": message, "type": "x"}}).encode()


class ChatServer:
    """The process, from the outside."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii"
        )
        assert self._process.stdout is not None
        self._base = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        self.url = f"{self._base}/v1"

    @property
    def asked(self) -> list[tuple[str, dict[str, str], dict[str, Any]]]:
        """Path, headers and body of each request."""
        return [(path, headers, body) for path, headers, body in self._control({})["asked"]]

    def answer(self, *replies: Reply) -> None:
        """Give these answers one after the other, the last one again and again."""
        self._control({"replies": [[status, head, base64.b64encode(raw).decode()] for status, head, raw in replies]})

    def limit(self, count: int, seconds: float) -> None:
        """Take so many requests in so many seconds, and refuse the others with 429 and Retry-After."""
        self._control({"limit": [count, seconds]})

    def hold(self) -> None:
        """Answer nothing until `release`."""
        self._control({"free": False})

    def release(self) -> None:
        """Answer again."""
        self._control({"free": True})

    def reset(self) -> None:
        """Forget everything, and answer with empty labels."""
        self._control({"free": True, "forget": True, "limit": None})
        self.answer(wrote({}))

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def _control(self, told: dict[str, Any]) -> Any:
        request = urllib.request.Request(f"{self._base}/control", json.dumps(told).encode())
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)


class _Service:
    """What the process knows."""

    def __init__(self) -> None:
        self.replies: list[list[Any]] = []
        self.asked: list[Any] = []
        self.limit: list[float] | None = None
        self.taken: list[float] = []
        self.free = threading.Event()
        self.free.set()
        self.lock = threading.Lock()

    def control(self, told: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            if told.get("forget"):
                self.asked.clear()
                self.taken.clear()
            self.replies = told.get("replies", self.replies)
            self.limit = told.get("limit", self.limit)
            if "free" in told:
                (self.free.set if told["free"] else self.free.clear)()
            return {"asked": self.asked}

    def reply(self) -> Reply:
        with self.lock:
            if self.limit is not None:
                count, seconds = self.limit
                now = time.monotonic()
                self.taken = [at for at in self.taken if now - at < seconds]
                if len(self.taken) >= count:
                    return failed(429, "too many requests", Retry_After=str(seconds - (now - self.taken[0])))
                self.taken.append(now)
            status, headers, raw = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return status, headers, base64.b64decode(raw)


def _handler(service: _Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/control":
                self._send(200, {}, json.dumps(service.control(body)).encode())
                return
            with service.lock:
                service.asked.append((self.path, dict(self.headers), body))
            service.free.wait(30)
            status, headers, raw = service.reply()
            if not status:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self._send(status, headers, raw)
            self.close_connection = "Content-Length" in headers

        def _send(self, status: int, headers: dict[str, str], raw: bytes) -> None:
            try:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(raw)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)
            except OSError:  # who asked has gone
                self.close_connection = True

        def log_message(self, *args: Any) -> None:
            pass

    return Handler


def main() -> None:
    """Serve until standard input ends."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(_Service()))
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
    print(http.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
