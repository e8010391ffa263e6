"""Every message through the real stack in one run: HTTP, queue, a sender with real sessions, and the emulated contacts
that decrypt what they get."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import pytest

from common.addresses import STATUS, Jid, parse_phone
from common.postgres import Pool
from sender.composers.secrets import Purpose, Sealed, open_sealed
from sender.whatsapp.protobuf import EventMessage, EventResponseMessage, Message, MessageContextInfo, PollVoteMessage
from sender.whatsapp.session import Secret
from tests.contract.message_routes import ID, OTHER, PERSON, ROUTES, Body, Route
from tests.contract.message_routes import GROUP as ANY_GROUP
from tests.frontend.gateway import Caller, gateway_on, settings_for
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.system.programs import Sender, ask_on, statuses
from tests.system.test_whatsapp import link

pytestmark = pytest.mark.anyio

OWN, FRIEND = "5511900000001", OTHER
LATER = ("image", "sticker", "gif", "audio", "video", "ptv", "document", "link", "carousel")
"""Kinds that carry a file: they go through once files can be uploaded."""

Checked = Callable[[Message, Body], object]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one call: its row in the history, and the message as its receiver decrypted it."""

    name: str
    route: Route
    body: Body
    whatsapp_id: str
    message: Message | None


class Scene:
    """One instance, a person, a friend, and a group of all three, in which each has said something."""

    def __init__(self, emulator: EmulatorProgram, caller: Caller, pool: Pool) -> None:
        self.emulator = emulator
        self.caller = caller
        self.pool = pool
        self.group = ""
        self.said: dict[str, str] = {}  # what was said, by place
        self.poll_key, self.event_key = b"p" * 32, b"e" * 32

    async def prepare(self) -> None:
        group = await self.emulator.post("groups", creator=OWN, subject="All", members=[PERSON, FRIEND])
        self.group = group["jid"].partition("@")[0] + "-group"
        for contact in (PERSON, FRIEND):
            self.said[contact] = await self._say(contact, OWN, Message(conversation=f"from {contact}"))
        self.said["group"] = await self._say(FRIEND, group["jid"], Message(conversation="to all"))
        poll = Message(messageContextInfo=MessageContextInfo(messageSecret=self.poll_key))
        poll.pollCreationMessage.name = "Day?"
        for option in ("Mon", "Tue"):
            poll.pollCreationMessage.options.add(optionName=option)
        self.said["poll"] = await self._say(FRIEND, group["jid"], poll, "poll")
        event = Message(
            eventMessage=EventMessage(name="Stock day", startTime=1_900_000_000),
            messageContextInfo=MessageContextInfo(messageSecret=self.event_key),
        )
        self.said["event"] = await self._say(FRIEND, group["jid"], event)

    async def _say(self, contact: str, to: str, message: Message, kind: str = "text") -> str:
        raw = base64.b64encode(message.SerializeToString()).decode()
        answer = await self.emulator.post(f"contacts/{contact}/send-raw", to=to, message=raw, type=kind)
        said: str = answer["id"]
        return said

    def adapted(self, route: Route, body: Body) -> Body:
        """The contract's body, about what is there: this group, messages that were said, and at once."""
        body = json.loads(json.dumps(body).replace(ANY_GROUP, self.group).replace("12036304-group", self.group))
        for pace in ("delayMessage", "delayTyping"):
            body.pop(pace, None)
        if route.kind in ("poll-vote", "event-response"):
            body["phone"] = self.group
            body = json.loads(json.dumps(body).replace(ID, self.said[route.kind.partition("-")[0]]))
        in_group = body.get("phone") == self.group
        return json.loads(json.dumps(body).replace(ID, self.said["group" if in_group else PERSON]))  # type: ignore[no-any-return]

    async def call(self, route: Route, body: Body, key: str) -> UUID:
        """The zaapId of an accepted call, also where the answer does not tell it."""
        path, headers = route.path.replace("{extension}", "pdf"), {"Idempotency-Key": key}
        content: dict[str, Any] = {"params": body} if route.method == "DELETE" else {"json": body}
        answer = await self.caller.call(route.method, path, headers=headers, **content)
        assert answer.status_code in (200, 204), (route.path, answer.text)
        zaap_id: UUID = await self.pool.fetchval("SELECT zaap_id FROM idempotency WHERE key = $1", key)
        return zaap_id


@pytest.fixture
async def emulator(tmp_path: Path, anyio_backend: str) -> AsyncIterator[EmulatorProgram]:
    async with EmulatorProgram(tmp_path) as emulator:
        for phone in (OWN, PERSON, FRIEND, "13135550002"):
            await emulator.post("accounts", phone=phone, name=phone, script="silent")
        yield emulator


@pytest.fixture
async def scene(
    emulator: EmulatorProgram, database: str, redis_url: str, pool: Pool, tmp_path: Path
) -> AsyncIterator[Scene]:
    told = await emulator.get("environment")
    sender = Sender(
        database,
        redis_url,
        tmp_path,
        WHATSAPP_ENGINE="neonize",
        WHATSAPP_PROXY=told["proxy"],
        WHATSAPP_CA_FILE=told["ca_file"],
        WHATSAPP_NOISE_ROOT=told["noise_root"],
    )
    sender.start()
    try:
        async with (
            gateway_on(settings_for(database, redis_url, auth_cache_ttl=60)) as gateway,
            ask_on(pool, redis_url) as ask,
        ):
            caller = await gateway.create()
            await link(emulator, ask, pool, caller.uuid, OWN)
            scene = Scene(emulator, caller, pool)
            await scene.prepare()
            yield scene
    finally:
        sender.kill()


async def until_settled(pool: Pool, patience: float = 90) -> None:
    with anyio.fail_after(patience):
        while (await statuses(pool)).keys() & {"queued", "sending"}:
            await anyio.sleep(0.1)


async def test_every_message_arrives_as_it_was_asked_for(scene: Scene) -> None:
    calls: dict[str, tuple[Route, Body, UUID]] = {}
    for route in ROUTES:
        for variant, asked in route.variants.items():
            if route.kind.startswith("status") or "@lid" in json.dumps(asked) or "1623281429" in json.dumps(asked):
                continue
            if route.kind in LATER or set(json.dumps(asked).split('"')) & {"image", "video"}:
                continue
            name, body = f"{route.path}: {variant}", scene.adapted(route, asked)
            calls[name] = route, body, await scene.call(route, body, f"key-{len(calls)}")
    await until_settled(scene.pool)
    for name, (route, body, zaap_id) in calls.items():
        print(name, await scene.pool.fetchrow("SELECT error, error_class FROM message_dead_letter WHERE zaap_id=$1", zaap_id))
