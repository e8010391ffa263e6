"""The parent's side of `neonize_program.py`: start real sessions, call the library, wait for what it tells."""

import asyncio
import base64
import itertools
import json
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from sender.whatsapp.bare_package import load_bare
from sender.whatsapp.protobuf import Message

load_bare("neonize")

from neonize.proto import Neonize_pb2 as engine  # noqa: E402

PROGRAM = Path(__file__).with_name("neonize_program.py")
ROOT = Path(__file__).resolve().parents[4]
PATIENCE = 30.0
MAX_LINE = 64 << 20

PAIR_STATUS, CONNECTED, LOGGED_OUT, REPLACED, BANNED, OUTDATED, DISCONNECTED = 2, 3, 6, 7, 8, 10, 12
HISTORY, MESSAGE, RECEIPT, CHAT_PRESENCE, PRESENCE, JOINED_GROUP, GROUP_INFO = 13, 17, 18, 19, 20, 21, 22
PICTURE, CALL_OFFER, UNDECRYPTABLE = 23, 36, 44

Tale = dict[str, Any]


def jid(user: str, server: str = "s.whatsapp.net", device: int = 0) -> bytes:
    address = engine.JID(User=user, RawAgent=0, Device=device, Integrator=0, Server=server, IsEmpty=False)
    body: bytes = address.SerializeToString()
    return body


class SendFailed(Exception):
    """The library returned an error for a send."""


class NeonizeProcess:
    """`told` is everything that came, in order; waiting looks at the past as well."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._environment, self._folder = environment, folder
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Tale]] = {}
        self._news = asyncio.Condition()
        self.told: list[Tale] = []

    async def __aenter__(self) -> "NeonizeProcess":
        variables = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
        variables |= {
            "HTTPS_PROXY": self._environment["proxy"],
            "SSL_CERT_FILE": self._environment["ca_file"],
            "SSL_CERT_DIR": str(self._folder / "no-certificates"),
            "NEONIZE_BOT_TAG": "off",
            "PYTHONPATH": str(ROOT),
        }
        with (self._folder / "neonize.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, str(PROGRAM), self._environment["noise_root"], env=variables, limit=MAX_LINE,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
            )  # fmt: skip
        self._reader = asyncio.get_running_loop().create_task(self._read(), name="neonize reader")
        await self.until(lambda tale: "ready" in tale)
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._reader
        self._process._transport.close()  # type: ignore[attr-defined]

    async def start(self, session: str, device: bytes = b"", store: str | None = None) -> None:
        path = str(self._folder / f"{store or session}.db")
        await self._say({"start": session, "store": path, "device": base64.b64encode(device).decode()})

    async def pair(self, session: str, scan: Callable[[str], Any]) -> bytes:
        """Start a new session, have its first code scanned, wait for the login; gives the device's address."""
        await self.start(session)
        code = await self.until(lambda tale: tale.get("session") == session and "qr" in tale)
        await scan(code["qr"])
        return await self.paired(session)

    async def pairing_code(self, session: str, phone: str) -> str:
        wanted = engine.PairPhoneParams(
            phone=phone, clientDisplayName="Chrome (Linux)", clientType=1, showPushNotification=True
        )
        answer = engine.PairPhoneReturnFunction.FromString(
            await self.call("PairPhone", session, wanted.SerializeToString())
        )
        assert not answer.Error, answer.Error
        code: str = answer.Code
        return code

    async def paired(self, session: str) -> bytes:
        status = engine.PairStatus.FromString(await self.event(PAIR_STATUS, session))
        await self.event(CONNECTED, session)
        device: bytes = status.ID.SerializeToString()
        return device

    async def call(self, name: str, *arguments: Any) -> Any:
        """Bytes among the arguments go with their length; bytes come back as bytes."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        sent = [{"bytes": base64.b64encode(each).decode()} if isinstance(each, bytes) else each for each in arguments]
        await self._say({"id": number, "call": name, "arguments": sent})
        async with asyncio.timeout(PATIENCE * 3):
            told = await answer
        assert "error" not in told, told
        return base64.b64decode(told["answer"]) if isinstance(told["answer"], str) else told["answer"]

    async def send(self, session: str, to: bytes, message: Message | str) -> str:
        """Gives the id. Raises SendFailed."""
        body = Message(conversation=message) if isinstance(message, str) else message
        answer = await self.call("SendMessage", session, to, body.SerializeToString())
        result = engine.SendMessageReturnFunction.FromString(answer)
        if result.Error:
            raise SendFailed(result.Error)
        sent: str = result.SendResponse.ID
        return sent

    async def event(
        self, code: int, session: str, holds: Callable[[bytes], bool] = lambda body: True, *, since: int = 0
    ) -> bytes:
        """The body of the first event of this kind for which `holds`."""
        found = await self.until(
            lambda tale: (
                tale.get("event") == code and tale["session"] == session and holds(base64.b64decode(tale["body"]))
            ),
            since=since,
        )
        return base64.b64decode(found["body"])

    async def message(self, session: str, text: str, *, since: int = 0) -> Any:
        """The first message event with this text."""

        def is_it(body: bytes) -> bool:
            message = engine.Message.FromString(body).Message
            return text in (message.conversation, message.extendedTextMessage.text)

        return engine.Message.FromString(await self.event(MESSAGE, session, is_it, since=since))

    async def receipt(self, session: str, message_id: str, *kinds: int) -> Any:
        def is_it(body: bytes) -> bool:
            receipt = engine.Receipt.FromString(body)
            return message_id in receipt.MessageIDs and receipt.Type in kinds

        return engine.Receipt.FromString(await self.event(RECEIPT, session, is_it))

    async def until(self, holds: Callable[[Tale], bool], *, since: int = 0) -> Tale:
        def find() -> Tale | None:
            return next((tale for tale in self.told[since:] if holds(tale)), None)

        try:
            async with asyncio.timeout(PATIENCE), self._news:
                await self._news.wait_for(lambda: find() is not None)
        except TimeoutError:
            shown = [{**tale, "body": "..."} for tale in self.told[-12:]]
            raise AssertionError(f"it did not come; the last that came: {shown}") from None
        found = find()
        assert found
        return found

    @staticmethod
    def patience() -> asyncio.Timeout:
        """For what the library changes without telling: ask, `pause`, ask again."""
        return asyncio.timeout(PATIENCE)

    @staticmethod
    async def pause() -> None:
        await asyncio.sleep(0.02)

    async def _say(self, message: Tale) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        await self._process.stdin.drain()

    async def _read(self) -> None:
        assert self._process.stdout
        while line := await self._process.stdout.readline():
            tale = json.loads(line)
            waiting = self._answers.pop(tale.get("id", 0), None)
            if waiting and not waiting.done():
                waiting.set_result(tale)
                continue
            async with self._news:
                self.told.append(tale)
                self._news.notify_all()
