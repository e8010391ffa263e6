"""The instance's own routes over HTTP, answered by a real session: linking by a typed code, the profile, and what the
instance is set to do by itself."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import orjson
import pytest

from common.postgres import Pool
from tests.frontend.gateway import Caller, gateway_on, settings_for
from tests.sender.media import files
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.system.programs import Sender
from tests.system.whatsapp import settings_of, until_connected
from tests.waiting import PATIENCE
from tests.web_server import answer, web_server

pytestmark = [pytest.mark.anyio, pytest.mark.either_wire]

PHONE, FRIEND = "5511900000001", "5511988880000"
REFUSAL = "We do not take calls, please write."


@pytest.fixture
async def emulator(tmp_path: Path, anyio_backend: str) -> AsyncIterator[EmulatorProgram]:
    async with EmulatorProgram(tmp_path) as emulator:
        for phone in (PHONE, FRIEND):
            await emulator.post("accounts", phone=phone, name=phone[-1], script="silent")
        yield emulator


@pytest.fixture
async def caller(
    emulator: EmulatorProgram, database: str, redis_url: str, tmp_path: Path, pool: Pool
) -> AsyncIterator[Caller]:
    sender = Sender(
        database, redis_url, tmp_path, **await settings_of(emulator), OUTBOUND_ALLOWED_NETWORKS="127.0.0.0/8"
    )
    sender.start()
    async with gateway_on(settings_for(database, redis_url, ask_timeout=60)) as gateway:
        yield await gateway.create(messageStatusCallbackUrl="https://hooks.example.com/status")
    sender.kill()


async def set_to(caller: Caller, route: str, value: Any) -> Any:
    told = await caller.call("PUT", route, json={"value": value})
    assert told.status_code == 200, told.text
    return told.json()["value"]


async def code_of(caller: Caller, route: str) -> Any:
    """Asked again until somebody owns the instance."""
    with anyio.fail_after(PATIENCE):
        while (told := await caller.get(route)).status_code in (503, 504):
            await anyio.sleep(0.1)
    return told.json()


async def test_a_real_session_is_linked_shown_and_left_to_itself(
    caller: Caller, emulator: EmulatorProgram, pool: Pool, tmp_path: Path
) -> None:
    # A typed code beside the one to scan: neither asking breaks the pairing under way.
    to_scan = await code_of(caller, "qr-code")
    typed = await code_of(caller, f"phone-code/{PHONE}")
    assert await code_of(caller, f"phone-code/{PHONE}") == typed
    assert (await code_of(caller, "qr-code"))["value"] == to_scan["value"]
    await emulator.post("code", phone=PHONE, code=typed["code"])
    await until_connected(pool, caller.uuid)
    assert (await caller.get(f"phone-code/{PHONE}")).json()["error"] == "You are already connected."

    picture = files.picture(tmp_path / "logo.png", (300, 200), "PNG").read_bytes()
    async with web_server({"/logo.png": answer(picture)}) as server:
        assert await set_to(caller, "profile-picture", server.url("/logo.png"))
        assert not await set_to(caller, "profile-picture", server.url("/another.png"))
    assert await set_to(caller, "profile-description", "Open 8 to 18")
    assert await set_to(caller, "profile-name", "Front desk")
    shown = await emulator.get(f"accounts/{PHONE}")
    assert shown["about"] == "Open 8 to 18"

    assert await set_to(caller, "update-auto-read-message", True)
    written = await emulator.post(f"contacts/{FRIEND}/send", to=PHONE, text="Anybody there?")
    (receipt, *_) = await emulator.sightings(FRIEND, "receipt", "read")
    assert receipt["ids"] == [written["id"]]
    with anyio.fail_after(PATIENCE):
        while not (told := await statuses(pool)):
            await anyio.sleep(0.05)
    assert [(one["status"], one["ids"], one["phone"]) for one in told] == [("READ_BY_ME", [written["id"]], FRIEND)]

    assert await set_to(caller, "update-call-reject-auto", True)
    assert await set_to(caller, "update-call-reject-message", REFUSAL)
    call = await emulator.post(f"contacts/{FRIEND}/call", to=PHONE, video=True)
    (rejection,) = await emulator.sightings(FRIEND, "call", "reject")
    assert (rejection["id"], rejection["sender"]) == (call["id"], PHONE)
    while (last := (await emulator.messages(FRIEND, 1))[-1])["text"] != REFUSAL:
        await anyio.sleep(0.05)
    assert last["sender"] == PHONE


async def statuses(pool: Pool) -> list[Any]:
    rows = await pool.fetch("SELECT body FROM event WHERE type = 'MessageStatusCallback' ORDER BY seq")
    return [orjson.loads(row[0]) for row in rows]
