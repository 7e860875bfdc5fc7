"""A TCP proxy on loopback whose network can be made as bad as networks are."""

import asyncio
import contextlib
import socket
import struct
import threading

CHUNK_BYTES = 16 * 1024
RESET_ON_CLOSE = struct.pack("ii", 1, 0)   # SO_LINGER: closing says RST


class Proxy:
    """Forwards to `upstream` ((host, port), settable). Faults may be set at any time:

    delay_seconds      before each piece of data goes on, in either direction
    bytes_per_second   of each direction of a connection; 0: as fast as it goes
    frozen             nothing goes on, and nobody is told
    refusing           new connections are reset
    cut_after_bytes    a function: how many bytes a new connection carries until it is reset

    connections_total counts them all.
    """

    def __init__(self):
        self.upstream = None
        self.heal()
        self.connections_total = 0
        self.writers = set()
        self.loop = asyncio.new_event_loop()
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self._run, daemon=True)

    def heal(self):
        self.delay_seconds = self.bytes_per_second = 0
        self.frozen = self.refusing = False
        self.cut_after_bytes = None

    def reset_all(self):
        """Resets every connection; how many there were."""
        return asyncio.run_coroutine_threadsafe(self._reset_all(), self.loop).result(60)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def _run(self):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self._serve, sock=self.socket))
        self.loop.run_forever()
        server.close()
        self.loop.run_until_complete(self._end())
        self.loop.close()

    async def _end(self):
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._reset_all()

    async def _reset_all(self):
        for writer in list(self.writers):
            reset(writer)
        return len(self.writers) // 2

    async def _serve(self, reader, writer):
        self.connections_total += 1
        try:
            if self.refusing:
                raise OSError("refused")
            far_reader, far_writer = await asyncio.open_connection(*self.upstream)
        except OSError:
            reset(writer)
            return
        ends = {writer, far_writer}
        self.writers |= ends
        left = [self.cut_after_bytes() if self.cut_after_bytes else float("inf")]
        pumps = [asyncio.ensure_future(self._pump(reader, far_writer, left)),
                 asyncio.ensure_future(self._pump(far_reader, writer, left))]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            for end in ends:
                reset(end)
            self.writers -= ends

    async def _pump(self, reader, writer, left):
        """Until either side has closed, or the connection has carried what it may."""
        due = 0
        with contextlib.suppress(OSError):
            while left[0] > 0 and (data := await reader.read(CHUNK_BYTES)):
                while self.frozen:
                    await asyncio.sleep(0.01)  # nobody sleeps
                if self.bytes_per_second:
                    await asyncio.sleep(len(data) / self.bytes_per_second)  # nobody sleeps
                if len(data) > left[0]:
                    data = data[:left[0]]
                left[0] -= len(data)
                due = max(due, self.loop.time() + self.delay_seconds)
                if self.delay_seconds:
                    self.loop.call_at(due, write, writer, data)
                else:
                    write(writer, data)
                await writer.drain()


def write(writer, data):
    if not writer.transport.is_closing():
        writer.write(data)


def reset(writer):
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    writer.transport.abort()
