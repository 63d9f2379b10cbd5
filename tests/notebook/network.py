"""A TCP relay between browser and server that can be cut and mended, as a bad network would."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator


class Relay:
    """Forwards a free port of the loopback to ``target``.

    ``cut()`` closes every connection and refuses new ones; ``stall()`` keeps connections open and moves no byte;
    ``mend()`` undoes both.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._refuse = False
        self._flows: asyncio.Event
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="relay", daemon=True)
        self._thread.start()
        self._up.wait(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._open())
        self._up.set()
        self._loop.run_forever()
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        self._loop.close()

    async def _open(self) -> None:
        self._flows = asyncio.Event()
        self._flows.set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refuse:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, far_writer}
        self._writers |= ends
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()

    def _do(self, *, refuse: bool, flows: bool) -> None:
        done = threading.Event()

        def change() -> None:
            self._refuse = refuse
            (self._flows.set if flows else self._flows.clear)()
            if refuse:
                for writer in list(self._writers):
                    writer.transport.abort()
            done.set()

        self._loop.call_soon_threadsafe(change)
        done.wait(10)

    def cut(self) -> None:
        self._do(refuse=True, flows=True)

    def stall(self) -> None:
        self._do(refuse=False, flows=False)

    def mend(self) -> None:
        self._do(refuse=False, flows=True)

    @contextlib.contextmanager
    def down(self) -> Iterator[None]:
        """No network inside the block."""
        self.cut()
        try:
            yield
        finally:
            self.mend()

    def close(self) -> None:
        self._do(refuse=True, flows=True)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
