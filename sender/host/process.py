"""The node's end of one session host: starts it, calls it, and tells everybody concerned when it dies."""

import asyncio
import itertools
import socket
from collections import deque
from collections.abc import Callable
from contextlib import aclosing, suppress
from typing import Any, Self

from common import logs
from sender.host.frames import Damaged, Decoder, Frame
from sender.host.options import HostOptions
from sender.host.output import lines, scrubbed

log = logs.get(__name__)

START_PATIENCE = 30.0  # seconds; it takes 0.1 on a quiet machine
STOP_PATIENCE = 3.0  # seconds
REMEMBERED_LINES = 40

Receiver = Callable[[Frame], None]
"""Gets a session's frames in order, and a last one of kind `lost` if the host dies before it is removed."""


class HostLost(Exception):
    """The session host ended before it answered."""


class Call:
    """The frames that belong to one call. The last one is the answer."""

    def __init__(self, id: int) -> None:
        self.id = id
        self._frames: asyncio.Queue[Frame | None] = asyncio.Queue()

    def put(self, frame: Frame | None) -> None:
        self._frames.put_nowait(frame)

    async def next(self) -> Frame:
        """Raises HostLost."""
        frame = await self._frames.get()
        if frame is None:
            raise HostLost
        return frame


class HostProcess:
    """`run` is the host's life: it returns when the process is gone, whoever ended it."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        options: HostOptions,
    ) -> None:
        self._process = process
        self._options = options
        self._reader = reader
        self._writer = writer
        self._ids = itertools.count(1)
        self._calls: dict[int, Call] = {}
        self._receivers: dict[str, Receiver] = {}
        self._hello: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._gone = asyncio.Event()
        self._is_stopping = False
        self.relay_problems = 0
        """Connections that the relay refused or lost for a reason of its own."""
        self._said: deque[str] = deque(maxlen=REMEMBERED_LINES)

    @classmethod
    async def start(cls, options: HostOptions) -> Self:
        """Returns before the library is loaded: start `run`, then wait for `ready`. Raises HostLost."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *options.command(theirs.fileno()),
                    env=options.environment(),
                    pass_fds=[theirs.fileno()],
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                    # A Ctrl-C in the terminal is for the node, which then closes its sessions in order.
                    start_new_session=True,
                )
            reader, writer = await asyncio.open_unix_connection(sock=ours, limit=1 << 20)
        except BaseException as error:
            # A child that started all the same finds nobody at the other end and leaves.
            ours.close()
            if isinstance(error, OSError):
                raise HostLost(f"the host could not be started: {error}") from None
            raise
        return cls(process, reader, writer, options)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return not self._gone.is_set()

    @property
    def was_ready(self) -> bool:
        return self._hello.done() and self._hello.exception() is None

    async def ended(self) -> None:
        """Wait until it is known to be gone."""
        await self._gone.wait()

    @property
    def has_died(self) -> bool:
        """It ended and nobody had asked it to."""
        return not self.is_alive and not self._is_stopping

    async def ready(self) -> str:
        """The library's version, once it is loaded. Raises HostLost."""
        try:
            async with asyncio.timeout(START_PATIENCE):
                return await asyncio.shield(self._hello)
        except TimeoutError:
            self.kill()
            raise HostLost("the host did not start in time") from None

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen_to_output(), name=f"output of host {self.pid}")
                pulse = tasks.create_task(self._feel_pulse(), name=f"pulse of host {self.pid}")
                await self._read()
                pulse.cancel()
                self._end()
                self._writer.close()
                with suppress(TimeoutError):
                    async with asyncio.timeout(STOP_PATIENCE):
                        await self._process.wait()
                self.kill()
        finally:
            self.kill()
            self._end()
            self._writer.close()
            await asyncio.shield(self._process.wait())
            self._tell_how_it_ended()

    def name_for(self, instance: str) -> str:
        """A session name that was never used in this host."""
        return f"{instance}.{next(self._ids)}"

    def attach(self, session: str, receiver: Receiver) -> None:
        self._receivers[session] = receiver
        if not self.is_alive:
            self.detach(session)
            receiver(Frame("lost"))

    def detach(self, session: str) -> None:
        self._receivers.pop(session, None)

    def begin(self, kind: str, fields: dict[str, Any], body: bytes = b"") -> Call:
        """Start a call; whoever starts it must `finish` it. A call to a dead host ends with HostLost."""
        call = Call(next(self._ids))
        if self.is_alive:
            self._calls[call.id] = call
            self.tell(Frame(kind, call.id, fields, body))
        else:
            call.put(None)
        return call

    def finish(self, call: Call) -> None:
        self._calls.pop(call.id, None)

    async def call(self, kind: str, fields: dict[str, Any], body: bytes = b"", *, timeout: float) -> Frame:
        """The answer. Raises HostLost or TimeoutError."""
        call = self.begin(kind, fields, body)
        try:
            async with asyncio.timeout(timeout):
                return await call.next()
        except TimeoutError:
            self.tell(Frame("withdraw", call.id))
            raise
        finally:
            self.finish(call)

    def tell(self, frame: Frame) -> None:
        if self.is_alive:
            self._writer.write(frame.encode())

    async def stop(self) -> None:
        """End it: in order when it is well, by force when it is not. Its sessions should be closed before."""
        self._expect_end()
        self._writer.close()
        try:
            async with asyncio.timeout(STOP_PATIENCE):
                await self._process.wait()
        except TimeoutError:
            self.kill()

    def dismiss(self) -> None:
        """End it by force, as something expected."""
        self._expect_end()
        self.kill()

    def kill(self) -> None:
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()

    def _expect_end(self) -> None:
        if self.is_alive:
            self._is_stopping = True

    async def _read(self) -> None:
        decoder = Decoder()
        try:
            while data := await self._reader.read(1 << 20):
                for frame in decoder.feed(data):
                    self._dispatch(frame)
        except OSError:
            pass
        except Damaged:
            log.exception("a session host sent what is no frame", host=self.pid)
            self.kill()

    async def _feel_pulse(self) -> None:
        """A host that hangs is as bad as one that is gone. Two misses, because the hanging one may have been this node,
        which finds its own patience at an end before it reads the answer. How long it may load is `ready`'s to say."""
        await asyncio.wait((self._hello,))
        missed = 0
        while missed < 2:
            await asyncio.sleep(self._options.pulse)
            try:
                await self.call("ping", {}, timeout=self._options.pulse_patience)
            except TimeoutError:
                missed += 1
            except HostLost:
                return
            else:
                missed = 0
        log.error("a session host does not answer any more", host=self.pid)
        self.kill()

    def _dispatch(self, frame: Frame) -> None:
        if frame.kind in ("answer", "on-wire"):
            if (call := self._calls.get(frame.id)) is not None:
                call.put(frame)
            elif frame.kind == "on-wire":
                # Whoever wanted it sent has given up and will not learn what became of it. Its session will.
                self.tell(Frame("verdict", frame.id, {"session": frame.fields["session"], "go": False}))
                if (receiver := self._receivers.get(frame.fields["session"])) is not None:
                    receiver(frame)
        elif frame.kind == "log":
            fields = {**frame.fields, "line": scrubbed(frame.fields["line"])}
            if frame.fields["source"] == "relay":
                self.relay_problems += 1
                log.warning("the wire relay has a problem", host=self.pid, reason=fields["line"])
                if (receiver := self._receivers.get(frame.fields["session"])) is not None:
                    receiver(frame)
            log.debug("the engine says", host=self.pid, **{f"engine_{name}": value for name, value in fields.items()})
        elif frame.kind == "hello":
            if not self._hello.done():
                self._hello.set_result(frame.fields["version"])
        elif (receiver := self._receivers.get(frame.fields["session"])) is not None:
            receiver(frame)

    def _end(self) -> None:
        """All that was read has been told; now nothing more can come."""
        if self._gone.is_set():
            return
        self._gone.set()
        if not self._hello.done():
            self._hello.set_exception(HostLost("the host ended before it was ready"))
            self._hello.exception()
        for call in self._calls.values():
            call.put(None)
        receivers, self._receivers = self._receivers, {}
        for receiver in receivers.values():
            receiver(Frame("lost"))

    async def _listen_to_output(self) -> None:
        assert self._process.stdout is not None
        async with aclosing(lines(self._process.stdout)) as said:
            async for line in said:
                self._said.append(line)
                log.debug("a session host printed", host=self.pid, line=line)

    def _tell_how_it_ended(self) -> None:
        if self.has_died:
            code = self._process.returncode
            log.error("a session host died", host=self.pid, exit_code=code, output=list(self._said))
