"""`./pombo bench media`: files into a frontend and through a sender: rate, processor time and memory.

The floor is what a program does that holds each body whole: parse, decode, hash, write. It runs on such bodies in the
same run. Ratios are what counts.
"""

import argparse
import asyncio
import base64
import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import uvloop

from loadtests.measure import bucket_away
from loadtests.measure.memory import Peak
from loadtests.measure.processor import Meter
from loadtests.measure.report import keep, table
from loadtests.measure.stack import BenchInstance, BenchStack, bench_stack, prepare

MEGA = 1_000_000
INSTANCES = 16
PATIENCE = 300.0  # seconds for each part
FLOORS = 10  # bodies of the floor
PIECE = 256 * 1024

COUNT_SENT = """
    SELECT count(*) FROM message_history"""


@dataclass(frozen=True, slots=True)
class Part:
    """One way of files through one program."""

    name: str
    program: str
    megabytes: float
    seconds: float
    processor: float
    memory_before: int
    memory_most: int

    @property
    def row(self) -> list[str]:
        return [
            self.name,
            f"{self.megabytes / self.seconds:,.0f}",
            f"{self.processor / self.megabytes * 1000:.1f}",
            f"{self.memory_before / MEGA:.0f}",
            f"{self.memory_most / MEGA:.0f}",
        ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="./pombo bench media")
    parser.add_argument("--files", type=int, default=100, help="of each part, all at once (default 100)")
    parser.add_argument("--megabytes", type=int, default=16, help="of one file (default 16)")
    parser.add_argument("--bucket-away", type=float, metavar="SECONDS", help="instead: a bucket that goes away so long")
    options = parser.parse_args()
    if options.bucket_away:
        with tempfile.TemporaryDirectory(prefix="pombo-bench-") as folder, bench_stack(Path(folder)) as stack:
            text = uvloop.run(bucket_away.measure(stack, options.bucket_away))
        sys.stdout.write(f"{text}\n\nkept in {keep('media_bucket_away', 'Files while the bucket is away', text)}\n")
        return
    with tempfile.TemporaryDirectory(prefix="pombo-bench-") as folder, bench_stack(Path(folder)) as stack:
        text = uvloop.run(measure(stack, options.files, options.megabytes * MEGA))
    sys.stdout.write(f"{text}\n\nkept in {keep('media', 'Files', text)}\n")


async def measure(stack: BenchStack, files: int, size: int) -> str:
    instances = await prepare(stack, INSTANCES)
    bodies = Bodies(size)
    with tempfile.TemporaryDirectory(dir=stack.folder) as folder:
        floor = decode_whole(bodies, Path(folder) / "file")
    stack.start_frontend()
    sink = Sink(stack, instances, files)
    upload = await sink.run("upload: data URI to disk", "frontend", lambda: sink.upload(bodies))
    stack.start_sender(OUTBOUND_ALLOWED_NETWORKS="127.0.0.1/32")
    stored = await sink.run("send what is stored", "sender", lambda: sink.sent(files), files * size)
    async with served(size) as port:
        await sink.enqueue_urls(port)
        fetched = await sink.run("fetch a URL and send it", "sender", lambda: sink.sent(2 * files), files * size)
    head = ["", "MB per second", "processor ms of a MB", "memory before (MB)", "at most (MB)"]
    parts = [upload, stored, fetched]
    ratio = upload.processor / upload.megabytes / floor
    grown = (upload.memory_most - upload.memory_before) / MEGA
    return (
        f"{files} files of {size / MEGA:.0f} MB at once ({files * size / MEGA:,.0f} MB), simulated engine.\n\n"
        + table(head, [part.row for part in parts])
        + f"\n\nThe floor (each body whole in memory) takes {floor * 1000:.1f} ms of processor a MB: the frontend's "
        f"upload {ratio:.2f} times as much. Its memory grows by {grown:.0f} "
        f"MB with {files} uploads under way; whole bodies alone would be {files * size * 4 / 3 / MEGA:,.0f} MB."
    )


class Bodies:
    """A request with a file, each with a content of its own, without a copy of the large rest."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._rest = base64.b64encode(os.urandom(size - 12))
        self._tail = b'"}'

    def parts(self, number: int) -> list[bytes]:
        start = base64.b64encode(number.to_bytes(12, "big"))
        head = {"phone": f"55119{number:08d}", "fileName": f"file-{number}", "document": "@"}
        opening = json.dumps(head).encode().partition(b"@")[0] + b"data:application/octet-stream;base64,"
        return [opening + start, self._rest, self._tail]


def decode_whole(bodies: Bodies, target: Path) -> float:
    """Processor seconds of a megabyte."""
    wholes = [b"".join(bodies.parts(number)) for number in range(FLOORS)]
    started = time.process_time()
    for whole in wholes:
        content = base64.b64decode(json.loads(whole)["document"].partition(",")[2])
        hashlib.sha256(content).digest()
        with target.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    return (time.process_time() - started) / (FLOORS * bodies.size / MEGA)


class Sink:
    def __init__(self, stack: BenchStack, instances: list[BenchInstance], files: int) -> None:
        self._stack = stack
        self._instances = instances
        self._files = files

    async def run(self, name: str, program: str, work: Callable[[], Awaitable[int]], bytes_moved: int = 0) -> Part:
        pids = {program: self._stack.pids[program]}
        meter = Meter(pids)
        started = time.monotonic()
        with Peak(pids) as peak:
            moved = await work()
        seconds = time.monotonic() - started
        used, megabytes = meter.read()[program], (bytes_moved or moved) / MEGA
        return Part(name, program, megabytes, seconds, used, peak.before[program], peak.most[program])

    async def upload(self, bodies: Bodies) -> int:
        """All at once; the bytes of the files."""
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
            for number in range(self._files):
                tasks.create_task(self._post("send-document/bin", bodies.parts(number), number))
        return self._files * bodies.size

    async def enqueue_urls(self, port: int) -> None:
        for number in range(self._files):
            body = {"phone": f"55119{number:08d}", "document": f"http://127.0.0.1:{port}/{number}"}
            await self._post("send-document/bin", [json.dumps(body).encode()], number)

    async def sent(self, count: int) -> int:
        connection = await asyncpg.connect(self._stack.dsn)
        deadline = time.monotonic() + PATIENCE
        found = 0
        while found < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{found} of {count} messages were sent")
            await asyncio.sleep(0.1)
            found = await connection.fetchval(COUNT_SENT)
        await connection.close()
        return found

    async def _post(self, route: str, parts: list[bytes], number: int) -> None:
        instance = self._instances[number % len(self._instances)]
        reader, writer = await asyncio.open_connection("127.0.0.1", self._stack.ports["frontend"])
        head = (
            f"POST {instance.path}/{route} HTTP/1.1\r\nhost: 127.0.0.1\r\nclient-token: {self._stack.client_token}\r\n"
            f"content-type: application/json\r\nconnection: close\r\ncontent-length: {sum(map(len, parts))}\r\n\r\n"
        )
        writer.write(head.encode())
        for part in parts:
            # In pieces: a buffer of the client's own for each upload would be measured as the machine's memory.
            for start in range(0, len(part), PIECE):
                writer.write(part[start : start + PIECE])
                await writer.drain()
        answer = await reader.read()
        writer.close()
        if b" 200 " not in answer[:20]:
            raise RuntimeError(f"refused: {answer.decode()}")


class served:  # noqa: N801 - used like a function
    """A web server of files of one size, each with a content of its own; gives its port."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._piece = os.urandom(PIECE)

    async def __aenter__(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readuntil(b"\r\n\r\n")
        start = asked.split(b" ")[1].ljust(32)
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % self._size + start)
        left = self._size - len(start)
        while left > 0:
            writer.write(self._piece[:left])
            left -= len(self._piece)
            await writer.drain()
        writer.close()


if __name__ == "__main__":
    main()
