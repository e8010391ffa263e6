"""A desk to compose at: an occasion whose media, memory and session are in memory and say what they were asked."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from common.addresses import Jid, parse_phone
from common.requests.messages import MODELS
from sender.composers.media import File, Form, LinkCard, Uploaded
from sender.composers.occasion import Composed, Occasion, Own, Remembered, Request
from sender.composers.registry import compose
from sender.whatsapp.powers.newsletters import NewsletterUnknown
from sender.whatsapp.protobuf import Message
from sender.whatsapp.session import Accepted, OnWire, Secret

NOW = datetime(2027, 1, 5, 10, 20, 30, 123_000, tzinfo=UTC)
NOW_MS = 1_799_144_430_123

PERSON, GROUP = "5511988887777", "120363041234567890-group"
PERSON_JID, GROUP_JID = parse_phone(PERSON), parse_phone(GROUP)
OWN = Own(Jid("5511900000001@s.whatsapp.net"), Jid("70000000000001@lid"))
AUTHOR = Jid("5521977776666@s.whatsapp.net")
AUTHOR_LID = Jid("81234567890123@lid")
MESSAGE = "3EB0A1B2C3D4E5F60718"
"""An id as a caller names it."""


class FakeMedia:
    """Uploads that can be told from each other: everything of them is made from the form and the source."""

    def __init__(self, card: LinkCard | None = None) -> None:
        self.files: list[File] = []
        self.looked_up: list[str] = []
        self._card = card

    async def upload(self, file: File) -> Uploaded:
        self.files.append(file)
        return uploaded(file.form)

    async def look_up(self, url: str) -> LinkCard | None:
        self.looked_up.append(url)
        return self._card


def uploaded(form: Form) -> Uploaded:
    name = form.value.encode()
    has_picture = form is not Form.VOICE
    return Uploaded(
        url=f"https://mmg.whatsapp.net/{form.value}",
        direct_path=f"/v/{form.value}?x=1",
        media_key=name.ljust(32, b"k"),
        sha256=name.ljust(32, b"p"),
        encrypted_sha256=name.ljust(32, b"e"),
        length=4_321,
        mime=f"test/{form.value}",
        uploaded_at=1_799_144_000,
        thumbnail=b"small " + name if has_picture else b"",
        width=640 if has_picture else 0,
        height=480 if has_picture else 0,
        seconds=7 if form in (Form.VOICE, Form.VIDEO, Form.GIF, Form.VIDEO_NOTE) else 0,
        wave=bytes(range(64)) if form is Form.VOICE else b"",
        pages=3 if form is Form.DOCUMENT else 0,
        is_animated=form is Form.STICKER,
    )


class FakeMemory:
    def __init__(self) -> None:
        self.remembered: dict[str, Remembered] = {}
        self.secrets: dict[tuple[Jid, str], Secret] = {}
        self.addresses = OWN

    async def own(self) -> Own:
        return self.addresses

    async def recall(self, message_id: str) -> Remembered | None:
        return self.remembered.get(message_id)

    async def secret(self, chat: Jid, whatsapp_id: str) -> Secret | None:
        return self.secrets.get((chat, whatsapp_id))


class PlainSession:
    """A session without any optional power."""

    is_connected = True
    uses_given_id = True

    async def send(self, to: Jid, message: Message, *, id: str, on_wire: OnWire) -> Accepted:
        raise NotImplementedError

    async def show_typing(self, to: Jid, *, recording: bool = False) -> None: ...

    async def stop_typing(self, to: Jid) -> None: ...

    async def logout(self) -> None: ...

    async def close(self) -> None: ...


class AbleSession(PlainSession):
    """A session with every optional power that composers ask for."""

    def __init__(self) -> None:
        self.deeds: list[tuple[Any, ...]] = []

    async def mark_read(self, chat: Jid, sender: Jid | None, ids: list[str]) -> None:
        self.deeds.append(("read", chat, sender, *ids))

    async def delete_for_me(self, chat: Jid, whatsapp_id: str) -> None:
        self.deeds.append(("delete-for-me", chat, whatsapp_id))

    async def make_call_link(self, kind: str, at: datetime) -> str:
        return f"https://call.whatsapp.com/{kind}/{int(at.timestamp())}"

    @property
    def newsletters(self) -> "Channels":
        return Channels()


class Channels:
    """All of them have the same name, but for one that is not there."""

    async def look(self, newsletter: Jid) -> SimpleNamespace:
        if newsletter.startswith("404"):
            raise NewsletterUnknown
        return SimpleNamespace(name="Spring news")


class Desk:
    """`compose` takes a kind and a body as a caller would write it."""

    def __init__(self, session: PlainSession | None = None, card: LinkCard | None = None) -> None:
        self.media = FakeMedia(card)
        self.memory = FakeMemory()
        self.session = session or AbleSession()

    def remember_own(self, kind: str, payload: str, *, whatsapp_id: str = "3EB0FFFFFFFFFFFFFFFF") -> None:
        """MESSAGE is an own message that the wire knows by another id."""
        request = Request(kind, payload)
        self.memory.remembered[MESSAGE] = Remembered(whatsapp_id, PERSON_JID, is_own=True, request=request)

    def remember_received(self, message: Message | None, chat: Jid = GROUP_JID, author: Jid | None = AUTHOR) -> None:
        self.memory.remembered[MESSAGE] = Remembered(MESSAGE, chat, is_own=False, author=author, message=message)

    def remember_secret(self, chat: Jid = GROUP_JID, sender: Jid = AUTHOR_LID, key: bytes = b"s" * 32) -> Secret:
        secret = self.memory.secrets[chat, MESSAGE] = Secret(sender, key)
        return secret

    async def compose(self, kind: str, **body: Any) -> Composed:
        """As from the caller's body to the row and out of it again. Without a `phone` it goes to a person."""
        model = MODELS[kind]
        if "phone" in model.model_fields:
            body = {"phone": PERSON, **body}
        send = model.model_validate_json(json.dumps(body))
        payload = send.model_dump_json(exclude_unset=True, exclude_none=True, by_alias=True)
        return await compose(Request(kind, payload), self.occasion(send.chat))

    def occasion(self, chat: Jid = PERSON_JID, random: Callable[[int], bytes] = lambda count: b"r" * count) -> Occasion:
        return Occasion(
            chat=chat,
            now=NOW,
            random=random,
            media=self.media,
            memory=self.memory,
            session=self.session,
            compose=compose,
        )
