"""One real session of a `NeonizeProcess`: what a test does with it, and what it waits for."""

from collections.abc import Awaitable, Callable
from typing import Any

from sender.whatsapp.bare_package import load_bare
from sender.whatsapp.protobuf import Message
from tests.sender.whatsapp.emulator.neonize_process import NeonizeProcess, Tale

load_bare("neonize")

from neonize.proto import Neonize_pb2 as engine  # noqa: E402

PAIR_STATUS, CONNECTED, LOGGED_OUT, REPLACED, BANNED, OUTDATED, DISCONNECTED = 2, 3, 6, 7, 8, 10, 12
HISTORY, MESSAGE, RECEIPT, CHAT_PRESENCE, PRESENCE, JOINED_GROUP, GROUP_INFO = 13, 17, 18, 19, 20, 21, 22
PICTURE, CALL_OFFER, UNDECRYPTABLE = 23, 36, 44

# Kinds of receipts. A session that does not show itself as online tells the third instead of the first.
DELIVERED, READ, INACTIVE, PLAYED = 1, 4, 9, 5

Scan = Callable[[str], Awaitable[Any]]


def jid(user: str, server: str = "s.whatsapp.net", device: int = 0) -> bytes:
    if "@" in user:
        user, _, server = user.partition("@")
    address = engine.JID(User=user, RawAgent=0, Device=device, Integrator=0, Server=server, IsEmpty=False)
    body: bytes = address.SerializeToString()
    return body


class SendFailed(Exception):
    """The library returned an error for a send."""


class RealSession:
    """`device` is known once it is linked. A place in the past is a number that `now` gave."""

    def __init__(self, process: NeonizeProcess, name: str, store: str | None = None, device: bytes = b"") -> None:
        self.process, self.name = process, name
        self.store, self.device = store or name, device

    async def start(self) -> None:
        await self.process.start(self.name, self.store, self.device)

    async def pair(self, scan: Scan) -> None:
        """Start, have the first code scanned, and wait for the login."""
        await self.start()
        await scan((await self._tale(lambda tale: "qr" in tale))["qr"])
        await self.paired()

    async def shows_codes(self) -> None:
        await self._tale(lambda tale: "qr" in tale)

    async def pairing_code(self, phone: str) -> str:
        """The code to be typed into the phone."""
        wanted = engine.PairPhoneParams(
            phone=phone, clientDisplayName="Chrome (Linux)", clientType=1, showPushNotification=True
        )
        answer = engine.PairPhoneReturnFunction.FromString(await self.call("PairPhone", wanted.SerializeToString()))
        assert not answer.Error, answer.Error
        code: str = answer.Code
        return code

    async def paired(self) -> None:
        status = engine.PairStatus.FromString(await self.event(PAIR_STATUS))
        await self.event(CONNECTED)
        self.device = status.ID.SerializeToString()

    def twin(self, name: str) -> "RealSession":
        """The same device once more, under another name."""
        return RealSession(self.process, name, self.store, self.device)

    async def call(self, function: str, *arguments: Any) -> Any:
        return await self.process.call(function, self.name, *arguments)

    async def stop(self) -> None:
        await self.call("Stop")

    async def send(self, to: str, message: Message | str) -> str:
        """Gives the id. Raises SendFailed."""
        body = Message(conversation=message) if isinstance(message, str) else message
        answer = await self.call("SendMessage", jid(to), body.SerializeToString())
        result = engine.SendMessageReturnFunction.FromString(answer)
        if result.Error:
            raise SendFailed(result.Error)
        sent: str = result.SendResponse.ID
        return sent

    def now(self) -> int:
        return len(self.process.told)

    async def event(self, code: int, holds: Callable[[bytes], bool] = lambda body: True, *, since: int = 0) -> bytes:
        """The body of the first event of this kind for which `holds`."""
        found = await self._tale(lambda tale: tale.get("event") == code and holds(tale["body"]), since=since)
        body: bytes = found["body"]
        return body

    async def message(self, text: str, *, since: int = 0) -> Any:
        """The first message with this text."""

        def is_it(body: bytes) -> bool:
            message = engine.Message.FromString(body).Message
            return text in (message.conversation, message.extendedTextMessage.text)

        return engine.Message.FromString(await self.event(MESSAGE, is_it, since=since))

    async def message_of(self, kind: str, *, since: int = 0) -> Any:
        """The first message with this field of waE2E.Message."""
        is_it = lambda body: engine.Message.FromString(body).Message.HasField(kind)  # noqa: E731
        return engine.Message.FromString(await self.event(MESSAGE, is_it, since=since))

    async def receipt(self, message_id: str, *kinds: int) -> None:
        def is_it(body: bytes) -> bool:
            receipt = engine.Receipt.FromString(body)
            return message_id in receipt.MessageIDs and receipt.Type in kinds

        await self.event(RECEIPT, is_it)

    async def _tale(self, holds: Callable[[Tale], bool], *, since: int = 0) -> Tale:
        return await self.process.until(lambda tale: tale.get("session") == self.name and holds(tale), since=since)
