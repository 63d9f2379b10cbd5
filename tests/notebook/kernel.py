"""A kernel seen through its own sockets: what Python holds, without a byte of the page's traffic."""

from __future__ import annotations

import ast
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import zmq
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.session import Session

T = TypeVar("T")


class KernelBusy(TimeoutError):
    """The kernel did not answer in time."""


class KernelRaised(AssertionError):
    """The expression raised in the kernel."""


@dataclass(frozen=True)
class Published:
    """One message that the kernel published."""

    kind: str
    """``stream``, ``error``, ``comm_msg``, ``status``, ..."""
    cause: str
    """The kind of the request it came from."""
    size: int
    content: dict[str, Any]


class Recorder:
    """Everything a kernel publishes, from the moment of its making."""

    def __init__(self, info: dict[str, Any]) -> None:
        self.messages: list[Published] = []
        self._session = Session(key=str(info["key"]).encode(), signature_scheme=str(info["signature_scheme"]))
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.linger = 0
        self._socket.subscribe(b"")
        self._socket.connect(f"{info['transport']}://{info['ip']}:{info['iopub_port']}")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="iopub", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while not self._stop.is_set():
            if not self._socket.poll(100):
                continue
            parts = self._socket.recv_multipart()
            _, body = self._session.feed_identities(parts)
            message = self._session.deserialize(body)
            cause = str((message["parent_header"] or {}).get("msg_type", ""))
            size = sum(len(part) for part in parts)
            self.messages.append(Published(message["header"]["msg_type"], cause, size, message["content"]))
        self._socket.close()
        self._context.term()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(10)


class Kernel:
    """One running kernel.

    The queries wait while a cell runs (like any other request on its main shell), and raise `KernelBusy` after
    ``timeout`` seconds.
    """

    def __init__(self, connection_file: Path, *, patience: float = 60) -> None:
        self.connection_file = connection_file
        info = json.loads(connection_file.read_text())
        # A thread of its own: Playwright keeps an event loop running in the test's.
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="kernel")
        self._client: BlockingKernelClient = self._in_worker(self._connect, 60)
        self._recorder = Recorder(info)
        try:
            self.pid: int = self.value("__import__('os').getpid()", timeout=patience)
        except BaseException:
            self.close()
            raise

    def _in_worker(self, work: Callable[[], T], timeout: float) -> T:
        return self._worker.submit(work).result(timeout + 30)

    def _connect(self) -> BlockingKernelClient:
        client = BlockingKernelClient(connection_file=str(self.connection_file))
        client.load_connection_file()
        client.start_channels(shell=True, iopub=False, stdin=False, hb=False, control=False)
        return client

    def _execute(self, code: str, expressions: dict[str, str], timeout: float) -> dict[str, Any]:
        sent = self._client.execute(code, silent=True, store_history=False, user_expressions=expressions)
        ends = time.monotonic() + timeout
        while (left := ends - time.monotonic()) > 0:
            try:
                reply = self._client.get_shell_msg(timeout=left)
            except Exception as error:  # queue.Empty, or zmq's own
                raise KernelBusy(f"no answer in {timeout} s") from error
            if reply["parent_header"].get("msg_id") == sent:
                content: dict[str, Any] = reply["content"]
                return content
        raise KernelBusy(f"no answer in {timeout} s")

    def _ask(self, code: str, expressions: dict[str, str], timeout: float) -> dict[str, Any]:
        content = self._in_worker(lambda: self._execute(code, expressions, timeout), timeout)
        if content["status"] != "ok":
            raise KernelRaised("\n".join(content.get("traceback", [str(content)])))
        return content

    def value(self, expression: str, *, timeout: float = 60) -> Any:
        """What ``expression`` is in the notebook's own namespace; through JSON, so plain values only."""
        asked = {"value": f"__import__('json').dumps(({expression}), default=str)"}
        got = self._ask("", asked, timeout)["user_expressions"]["value"]
        if got["status"] != "ok":
            raise KernelRaised("\n".join(got.get("traceback", [str(got)])))
        return json.loads(ast.literal_eval(got["data"]["text/plain"]))

    def run(self, code: str, *, timeout: float = 60) -> None:
        """Run statements silently in the notebook's namespace."""
        self._ask(code, {}, timeout)

    def wait(self, expression: str, *, timeout: float = 60) -> Any:
        """Ask until ``expression`` is true; its last value."""
        ends = time.monotonic() + timeout
        while True:
            got = self.value(expression, timeout=timeout)
            if got:
                return got
            if time.monotonic() > ends:
                raise AssertionError(f"{expression} is still {got!r} after {timeout} s")
            time.sleep(0.05)

    def busy(self, *, patience: float = 0.5) -> bool:
        """Whether something runs on the main shell."""
        try:
            self.value("0", timeout=patience)
        except KernelBusy:
            return True
        return False

    @property
    def published(self) -> list[Published]:
        """All that it has published since this object was made."""
        return self._recorder.messages

    @property
    def begun(self) -> int:
        """How many cells it has begun to run since this object was made."""
        return sum(message.kind == "execute_input" for message in list(self.published))

    def complaints(self) -> list[str]:
        """What went wrong outside cells (in comm handlers, threads): the log console's content."""
        seen = -1
        while seen != len(self.published):  # a handler on a subshell may still be at it
            seen = len(self.published)
            time.sleep(0.25)
        found = []
        for message in self.published:
            if message.cause == "execute_request":
                continue
            if message.kind == "error":
                found.append("\n".join(message.content.get("traceback", [])))
            elif message.kind == "stream" and message.content.get("name") == "stderr":
                found.append(str(message.content.get("text")))
        return found

    def until_complaint(self, words: str, *, timeout: float = 30) -> None:
        """Wait until something has gone wrong that says this."""
        ends = time.monotonic() + timeout
        while not any(words in said for said in self.complaints()):
            assert time.monotonic() < ends, f"no complaint of {words!r} in {timeout} s: {self.complaints()}"

    def close(self) -> None:
        self._recorder.close()
        self._in_worker(self._client.stop_channels, 30)
        self._worker.shutdown(wait=True)
