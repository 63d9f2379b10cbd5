"""The built front end in a plain page (or a shadow root) against real Python, without any notebook server.

`Kernel` is a thread that does what a kernel does with a labeler: messages one after the other, none while a cell
runs, silence once it is dead. `Stage` is a page with that labeler in it. Everything between page and kernel goes over
one websocket, as JSON, so that both run freely beside each other and beside the test.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import logging
import mimetypes
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from playwright.sync_api import BrowserContext, Locator, Page
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from ..chromium import TIMEOUT, screenshot

__all__ = ["HostServer", "Kernel", "Message", "Stage"]

T = TypeVar("T")
_HERE = Path(__file__).parent
STATIC = Path(__file__).resolve().parents[2] / "src" / "nblabel" / "static"


@dataclass(frozen=True)
class Message:
    """One message between page and kernel, as it went over the wire."""

    up: bool
    data: dict[str, Any]
    size: int
    at: float = field(default_factory=time.monotonic)

    @property
    def kind(self) -> str:
        """Of a message of the protocol, its type; of a trait update, ``"update"``."""
        content = self.data.get("content")
        return str(content.get("type", "")) if isinstance(content, dict) else str(self.data.get("method", ""))


class _Comm:
    """What ipywidgets takes for a comm."""

    _ids = itertools.count(1)

    def __init__(self, kernel: Kernel) -> None:
        self.comm_id = f"comm-{next(self._ids)}"
        self._send = kernel._publish
        self._handle: Callable[[dict[str, Any]], None] = lambda _: None

    def on_msg(self, handle: Callable[[dict[str, Any]], None]) -> None:
        self._handle = handle

    def on_close(self, handle: Any) -> None: ...

    def send(self, data: Any = None, metadata: Any = None, buffers: Any = None) -> None:
        self._send({"comm": self.comm_id, "data": data, "buffers": [_text(b) for b in buffers or ()]})

    def close(self, *_args: Any, **_options: Any) -> None:
        self._send({"comm": self.comm_id, "closed": True})

    def deliver(self, data: dict[str, Any], buffers: list[str]) -> None:
        self._handle({"content": {"comm_id": self.comm_id, "data": data}, "buffers": [_bytes(b) for b in buffers]})


def _text(buffer: Any) -> str:
    return base64.b64encode(bytes(buffer)).decode("ascii")


def _bytes(text: str) -> memoryview:
    return memoryview(base64.b64decode(text))


class _Complaints(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []
        self._format = logging.Formatter("%(name)s: %(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self._format.format(record))


class Kernel:
    """A kernel in a thread, with one labeler at a time.

    Parameters
    ----------
    make : callable
        The cell that makes the labeler. It is run again by `restart` and `rerun`.

    Attributes
    ----------
    lab : Labeler
        The labeler of the newest run.
    delay : float
        Seconds that each message spends on its way to the kernel.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make
        self.delay = 0.0
        self.messages: list[Message] = []
        self.status = "idle"
        self._sockets: set[ServerConnection] = set()
        self._lock = threading.Lock()
        self._inbox: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._comms: dict[str, _Comm] = {}
        self._aside: queue.Queue[Callable[[], None] | None] | None = None
        self._beside: set[str] = set()
        self._life = 0
        self._complaints = _Complaints()
        for name in ("traitlets", "nblabel"):
            logging.getLogger(name).addHandler(self._complaints)
        self._begin()
        self.lab = self.do(make)
        self._attach()

    # ---- life ---------------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._inbox = queue.Queue()
        self._life += 1
        self._thread = threading.Thread(target=self._live, args=(self._inbox,), name="kernel", daemon=True)
        self._thread.start()

    def _live(self, inbox: queue.Queue[Callable[[], None] | None]) -> None:
        while (work := inbox.get()) is not None:
            work()

    def do(self, cell: Callable[[], T], *, timeout: float = 60) -> T:
        """Run a function as a cell: in the kernel's thread, after what came before it."""
        done: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue()

        def run() -> None:
            self._tell("busy")
            try:
                done.put((cell(), None))
            except BaseException as error:
                done.put((None, error))
            finally:
                self._tell("idle")

        self._inbox.put(run)
        result, error = done.get(timeout=timeout)
        if error is not None:
            raise error
        return result  # type: ignore[return-value]

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """A cell runs inside the block: messages wait."""
        running, over = threading.Event(), threading.Event()

        def cell() -> None:
            self._tell("busy")
            running.set()
            over.wait(120)
            self._tell("idle")

        self._inbox.put(cell)
        running.wait(60)
        try:
            yield
        finally:
            over.set()

    def serve_aside(self) -> None:
        """Serve the present labeler beside the cells from now on, as ipykernel does with subshells."""
        if self._aside is None:
            self._aside = queue.Queue()
            threading.Thread(target=self._live, args=(self._aside,), name="subshell", daemon=True).start()
        self._beside.add(self.lab.comm.comm_id)

    def settle(self) -> None:
        """Wait until everything that has arrived is handled."""
        self.do(lambda: None)

    def kill(self, *, tell: bool = True) -> None:
        """``kill -9``: what waits is lost, nothing answers. With ``tell``, the page learns of it, as Jupyter's does."""
        inbox = self._inbox
        with contextlib.suppress(queue.Empty):
            while True:
                inbox.get_nowait()
        inbox.put(None)
        self._life += 1
        self._inbox = queue.Queue()  # nobody reads it
        for comm in self._comms.values():
            comm._send = lambda _: None
        self._comms = {}
        if tell:
            self._tell("autorestarting")

    def restart(self) -> None:
        """A new process after `kill`, without any labeler yet: see `rerun`."""
        self._begin()
        self._tell("idle")

    def rerun(self) -> Any:
        """Run the cell again: a new labeler on the same store."""
        self.lab = self.do(self.make)
        self._attach()
        return self.lab

    def _attach(self) -> None:
        comm = _Comm(self)
        self._comms[comm.comm_id] = comm
        self.lab.comm = comm

    # ---- messages -----------------------------------------------------------------------------------

    def _tell(self, status: str) -> None:
        self.status = status
        self._broadcast(json.dumps({"status": status}))

    def _broadcast(self, text: str) -> None:
        with self._lock:
            sockets = list(self._sockets)
        for socket in sockets:
            with contextlib.suppress(ConnectionClosed, OSError):
                socket.send(text)

    def _publish(self, message: dict[str, Any]) -> None:
        # Jupyter's own serialisation: NaN and halves of surrogate pairs cannot travel.
        text = json.dumps(message, ensure_ascii=False, allow_nan=False).encode("utf-8").decode("utf-8")
        self.messages.append(Message(False, message.get("data") or {}, len(text.encode("utf-8"))))
        self._broadcast(text)

    def serve(self, socket: ServerConnection) -> None:
        """Take a page's messages until it goes."""
        with self._lock:
            self._sockets.add(socket)
        try:
            socket.send(json.dumps({"status": self.status}))
            for text in socket:
                message = json.loads(text)
                self.messages.append(Message(True, message["data"], len(text)))
                self._enqueue(message)
        except ConnectionClosed:
            pass
        finally:
            with self._lock:
                self._sockets.discard(socket)

    def _enqueue(self, message: dict[str, Any]) -> None:
        life, delay = self._life, self.delay

        def handle() -> None:
            comm = self._comms.get(message["comm"])
            if comm is None or life != self._life:
                return
            if delay:
                time.sleep(delay)
            self._tell("busy")
            try:
                comm.deliver(message["data"], message["buffers"])
            finally:
                self._tell("idle")

        aside = self._aside if message["comm"] in self._beside else None
        (self._inbox if aside is None else aside).put(handle)

    def sizes(self, kind: str, *, up: bool = True) -> list[int]:
        """Bytes of the messages of one type so far."""
        return [m.size for m in list(self.messages) if m.up == up and m.kind == kind]

    def complaints(self) -> list[str]:
        """What handlers logged or raised."""
        return list(self._complaints.said)

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self.lab.close()
        self._inbox.put(None)
        if self._aside is not None:
            self._aside.put(None)
        for name in ("traitlets", "nblabel"):
            logging.getLogger(name).removeHandler(self._complaints)


class HostServer:
    """Serves the host page, the bundles and the kernels' websockets on one free port."""

    def __init__(self) -> None:
        self._kernels: dict[str, Kernel] = {}
        self._server: Server = serve(self._talk, "127.0.0.1", 0, process_request=self._page, max_size=None)
        self._thread = threading.Thread(target=self._server.serve_forever, name="host", daemon=True)
        self._thread.start()
        self.port = self._server.socket.getsockname()[1]

    def url(self, kernel: Kernel) -> str:
        """Where a page finds this kernel; each has a place of its own, and so an origin-wide storage in common."""
        name = f"{id(kernel):x}"
        self._kernels[name] = kernel
        return f"http://127.0.0.1:{self.port}/{name}/"

    def _talk(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        kernel = self._kernels.get(socket.request.path.split("/")[1])
        if kernel is not None:
            kernel.serve(socket)

    def _page(self, _connection: ServerConnection, request: Request) -> Response | None:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return None
        path = request.path.split("?")[0]
        name = path.rsplit("/", 1)[-1]
        own = name in ("host.js", "probe.js")
        file = _HERE / name if own else STATIC / name if path.startswith("/static/") else _HERE / "host.html"
        if path == "/favicon.ico":
            return Response(204, "No Content", Headers([("Connection", "close")]), b"")
        if not file.is_file():
            return Response(404, "Not Found", Headers([("Content-Length", "0"), ("Connection", "close")]), b"")
        body = file.read_bytes()
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        headers = [("Content-Type", f"{kind}; charset=utf-8"), ("Content-Length", str(len(body)))]
        return Response(200, "OK", Headers([*headers, ("Cache-Control", "no-store"), ("Connection", "close")]), body)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join(10)


class Stage:
    """A page with a labeler in it.

    Parameters
    ----------
    make : callable or Kernel
        Makes the labeler; or a kernel that runs already, for a second page on the same one.
    root : {"plain", "shadow"}
        In the document, as Jupyter does, or in a shadow root, as marimo does.
    theme : {"light", "dark"}
        The host's.
    width : int, optional
        Of the output cell, in pixels.
    bare : bool
        Without a widget manager that tells of the kernel (marimo, Colab).
    bundle : str
        Which one in ``static/``.
    """

    def __init__(
        self,
        server: HostServer,
        context: BrowserContext,
        make: Callable[[], Any] | Kernel,
        *,
        root: Literal["plain", "shadow"] = "plain",
        theme: Literal["light", "dark"] = "light",
        width: int | None = None,
        bare: bool = False,
        bundle: str = "text",
    ) -> None:
        self.kernel = make if isinstance(make, Kernel) else Kernel(make)
        self._owns_kernel = not isinstance(make, Kernel)
        self.root, self.bare, self.bundle, self._width = root, bare, bundle, width
        self.problems: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(TIMEOUT / 4)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda m: self.problems.append(m.text) if m.type == "error" else None)
        self._theme = theme
        self._url = server.url(self.kernel)
        self._open()
        self.show()

    def _open(self) -> None:
        self.page.goto(self._url)
        self.page.wait_for_function("() => window.host !== undefined")
        self.theme(self._theme)

    @property
    def lab(self) -> Any:
        """The labeler as Python has it."""
        return self.kernel.lab

    @property
    def el(self) -> Locator:
        """The labeler as the page has it: the newest view."""
        return self.page.locator(".nblabel").last

    def view(self, index: int) -> Locator:
        return self.page.locator(".nblabel").nth(index)

    def _host(self, body: str, arg: Any = None) -> Any:
        return self.page.evaluate(f"(a) => window.host.{body}", arg)

    def restore(self) -> None:
        """Make the labeler's model without any view, as a page does for all widgets that the kernel has."""
        self._host("model(a).then(() => null)", self._model())

    def show(self) -> None:
        """One more view of the labeler, in an output of its own."""
        css = STATIC / f"{self.bundle}.css"
        look = css.read_text(encoding="utf-8") if css.exists() else ""
        self._host("show(a)", {**self._model(), "css": look, "root": self.root, "width": self._width})

    def _model(self) -> dict[str, Any]:
        names = ("item", "index", "progress", "annotator", "labels", "_saves")
        state = self.lab.get_state([name for name in names if name in self.lab.keys])
        return {
            "id": self.lab.comm.comm_id,
            "state": state,
            "url": f"/static/{self.bundle}.js",
            "bare": self.bare,
        }

    def hide(self, index: int = -1) -> None:
        """Remove one of the views that are open, as clearing an output does."""
        count = self._host("views.length")
        self._host("hide(a)", index % count)

    def rerun(self) -> None:
        """Run the cell again: its output is cleared, a new labeler is made and shown."""
        self._host("clear()")
        self.kernel.rerun()
        self.show()

    def reload(self) -> None:
        """Reload the page: the output is gone until `rerun` or `show`."""
        self._open()

    def restart(self) -> None:
        """After ``kernel.kill()``: a new kernel process, and the cell run again."""
        self.kernel.restart()
        self.rerun()

    def cut(self) -> None:
        """The page's connection to the server is gone."""
        self._host("cut()")

    def mend(self, *, lossy: bool = False) -> None:
        """The connection is back; with ``lossy``, what was on its way is lost."""
        self._host("mend(a)", lossy)

    def theme(self, kind: Literal["light", "dark"]) -> None:
        self._theme = kind
        self.page.evaluate("(a) => { document.body.dataset.jpThemeLight = String(a === 'light'); }", kind)

    def leaked(self) -> list[str]:
        """Keys that the host's own shortcuts would have got."""
        return list(self._host("leaked"))

    def census(self) -> dict[str, Any]:
        """Which listeners the labeler has on its model and on the kernel."""
        return dict(self._host("census()"))

    def press(self, *keys: str) -> None:
        """Press keys one after the other, wherever the focus is."""
        for key in keys:
            self.page.keyboard.press(key)

    def until(self, expression: str, *, timeout: float = 15) -> None:
        """Wait until a JavaScript expression over ``root`` (the newest labeler's element) holds."""
        self.page.wait_for_function(
            "(body) => { const found = [];"
            " const walk = (node) => { for (const one of node.querySelectorAll('*')) {"
            "  if (one.classList.contains('nblabel')) found.push(one); if (one.shadowRoot) walk(one.shadowRoot); } };"
            " walk(document); const root = found.at(-1);"
            " return root ? new Function('root', `return (${body})`)(root) : false; }",
            arg=expression,
            timeout=timeout * 1000,
        )

    def until_python(self, check: Callable[[], Any], *, timeout: float = 15) -> None:
        """Wait until Python agrees."""
        ends = time.monotonic() + timeout
        while not check():
            if time.monotonic() > ends:
                raise AssertionError("Python still does not agree")
            self.page.wait_for_timeout(20)

    def screenshot(self, name: str) -> Path:
        return screenshot(self.page, name, full=True)

    def close(self) -> None:
        self.page.close()
        if self._owns_kernel:
            self.kernel.close()
