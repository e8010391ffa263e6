"""Every message through the real stack in one run: HTTP, queue, a sender with real sessions, and the emulated contacts
that decrypt what they get."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import pytest

from common.addresses import STATUS, Jid, parse_phone
from common.postgres import Pool
from sender.whatsapp.protobuf import EventMessage, Message, MessageContextInfo
from sender.whatsapp.session import Secret
from tests.contract.message_routes import GROUP as ANY_GROUP
from tests.contract.message_routes import ID, OTHER, PERSON, ROUTES, Body, Route
from tests.frontend.gateway import Caller, gateway_on, settings_for
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.system.every_kind import CHECKS, Told
from tests.system.programs import Sender, ask_on, statuses
from tests.system.test_whatsapp import link
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.anyio, pytest.mark.either_wire]

OWN, FRIEND, META_AI = "5511900000001", OTHER, "13135550002"

OLD_SPELLING = PERSON[:4] + PERSON[5:]
"""The person's number without its ninth digit."""

NOT_HERE = ("1623281429",)
"""What the emulated WhatsApp does not have: groups of before 2021."""

REFUSED = {
    "send-event: everything": "not-supported",  # call links
    "send-edit-event: everything": "not-supported",
}
"""What no engine of today can do. The caller is told by the message's story, never by half a message."""


class Scene:
    """One instance, a person, a friend, and a group of all three, in which each has said something."""

    def __init__(self, emulator: EmulatorProgram, caller: Caller, pool: Pool) -> None:
        self.emulator = emulator
        self.caller = caller
        self.pool = pool
        self.group = ""
        self.lids: dict[str, str] = {}
        self.said: dict[str, str] = {}  # what was said, by place
        self.own_text, self.own_event = "", ""  # messageIds of what we sent first
        self.poll_key, self.event_key = b"p" * 32, b"e" * 32

    async def prepare(self) -> None:
        for phone in (OWN, PERSON, FRIEND):
            self.lids[phone] = f"{(await self.emulator.get(f'accounts/{phone}'))['lid']}@lid"
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

    async def send_first(self) -> None:
        """What later messages are about."""
        text = await self.caller.send_text("first", phone=PERSON)
        event = {"name": "Ours", "dateTime": "2027-05-07T12:00:00Z"}
        announced = await self.caller.post("send-event", {"phone": self.group, "event": event})
        self.own_text, self.own_event = text.json()["messageId"], announced.json()["messageId"]
        await until_settled(self.pool)

    async def _say(self, contact: str, to: str, message: Message, kind: str = "text") -> str:
        raw = base64.b64encode(message.SerializeToString()).decode()
        answer = await self.emulator.post(f"contacts/{contact}/send-raw", to=to, message=raw, type=kind)
        said: str = answer["id"]
        return said

    def adapted(self, route: Route, body: Body) -> Body:
        """The contract's body, about what is there: this group, messages that were said, and at once."""
        written = json.dumps(body).replace(ANY_GROUP, self.group).replace("12036304-group", self.group)
        body = json.loads(written.replace("81234567890123@lid", self.lids[PERSON]))
        for pace in ("delayMessage", "delayTyping"):
            body.pop(pace, None)
        if route.kind in ("poll-vote", "event-response"):
            body["phone"] = self.group
            body = json.loads(json.dumps(body).replace(ID, self.said[route.kind.partition("-")[0]]))
        said = self.said["group" if body.get("phone") == self.group else PERSON]
        if route.kind == "event-edit":
            said = self.own_event
        elif body.get("messagePhone") == self.group:
            said = self.said["group"]
        elif route.kind in ("forward", "document") or "editMessageId" in body or body.get("owner") == "true":
            said = self.own_text
        adapted: Body = json.loads(json.dumps(body).replace(ID, said))
        return adapted

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
        for phone in (OWN, PERSON, FRIEND, META_AI):
            aliases = [OLD_SPELLING] if phone == PERSON else []
            await emulator.post("accounts", phone=phone, name=phone, script="silent", aliases=aliases)
        await emulator.post("accounts", phone=OWN, audience=[PERSON, FRIEND])
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
            gateway_on(settings_for(database, redis_url, auth_cache_ttl=60, ask_timeout=60)) as gateway,
            ask_on(pool, redis_url) as ask,
        ):
            caller = await gateway.create()
            await link(emulator, ask, pool, caller.uuid, OWN)
            scene = Scene(emulator, caller, pool)
            await scene.prepare()
            yield scene
    finally:
        sender.kill()


async def until_settled(pool: Pool) -> None:
    with anyio.fail_after(3 * PATIENCE):
        while (await statuses(pool)).keys() & {"queued", "sending"}:
            await anyio.sleep(0.1)


async def test_every_message_arrives_as_it_was_asked_for(scene: Scene) -> None:
    await scene.send_first()
    calls: dict[str, tuple[Route, Body, UUID]] = {}
    # A received message that was forwarded, quoted or answered must have been remembered by then.
    with anyio.fail_after(PATIENCE):
        while await scene.pool.fetchval("SELECT count(*) FROM received_message WHERE NOT is_own") < len(scene.said):
            await anyio.sleep(0.05)
    for route in ROUTES:
        for variant, asked in route.variants.items():
            if not carries_a_file(asked) and not any(each in json.dumps([route.kind, asked]) for each in NOT_HERE):
                body = scene.adapted(route, asked)
                zaap_id = await scene.call(route, body, f"key-{len(calls)}")
                calls[f"{route.path}: {variant}"] = route, body, zaap_id
    await until_settled(scene.pool)
    assert await refusals(scene.pool, calls) == REFUSED
    received = {
        each["id"]: Message.FromString(base64.b64decode(each["message"]))
        for contact in (PERSON, FRIEND)
        for each in await scene.emulator.messages(contact)
    }
    checked = set()
    for name, (route, body, zaap_id) in calls.items():
        if name in REFUSED or route.kind == "read" or body.get("phone") == META_AI:
            continue
        whatsapp_id = await scene.pool.fetchval("SELECT whatsapp_id FROM message_history WHERE zaap_id = $1", zaap_id)
        assert whatsapp_id in received, name
        await check(scene, route, body, received[whatsapp_id], received)
        checked.add(route.kind)
    assert checked == CHECKS.keys()
    (receipt, *_) = await scene.emulator.sightings(PERSON, "receipt", "read")
    assert receipt["ids"] == [scene.said[PERSON]]


async def check(scene: Scene, route: Route, body: Body, message: Message, received: dict[str, Message]) -> None:
    # A caller names a message by the id it was told; on the wire it has the one that the engine chose.
    wire = dict(await scene.pool.fetch("SELECT message_id, whatsapp_id FROM message_history"))
    written = json.dumps(body)
    for own in (scene.own_text, scene.own_event):
        written = written.replace(own, wire[own])
    body = json.loads(written)
    friend, own_lid = Jid(scene.lids[FRIEND]), Jid(scene.lids[OWN])
    own_event = received[wire[scene.own_event]].messageContextInfo.messageSecret
    told = Told(
        own_lid=own_lid,
        chat=parse_phone(str(body["phone"])) if "phone" in body else STATUS,
        poll=Secret(friend, scene.poll_key),
        event=Secret(friend, scene.event_key),
        own_event=Secret(own_lid, own_event),
    )
    CHECKS[route.kind](message, body, told)


async def refusals(pool: Pool, calls: dict[str, tuple[Route, Body, UUID]]) -> dict[str, str]:
    rows = await pool.fetch("SELECT zaap_id, error_class FROM message_dead_letter")
    names = {zaap_id: name for name, (_, _, zaap_id) in calls.items()}
    return {names[row["zaap_id"]]: row["error_class"] for row in rows}


def carries_a_file(body: Body) -> bool:
    return any(each in json.dumps(body) for each in ("https://files.example.com", "data:"))


async def test_a_number_reaches_its_account_however_it_is_spelled(scene: Scene) -> None:
    for phone in (OLD_SPELLING, PERSON, scene.lids[PERSON], "5511000000000"):
        await scene.caller.send_text(f"to {phone}", phone=phone)
    await until_settled(scene.pool)
    received = await scene.emulator.messages(PERSON, 3)
    texts = {each["text"] for each in received if each["text"].startswith("to ") and each["text"] != "to all"}
    assert texts == {f"to {OLD_SPELLING}", f"to {PERSON}", f"to {scene.lids[PERSON]}"}
    known = dict(await scene.pool.fetch("SELECT phone, address FROM number_account"))
    assert known == {OLD_SPELLING: scene.lids[PERSON], PERSON: scene.lids[PERSON], "5511000000000": None}
    assert await scene.pool.fetchval("SELECT error_class FROM message_dead_letter") == "not-on-whatsapp"
