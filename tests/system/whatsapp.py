"""A sender on the real engine, and instances linked to the emulator's phones."""

from collections.abc import Mapping
from contextlib import suppress
from uuid import UUID

import anyio

from common.postgres import Pool
from frontend.problems import Problem
from tests.sender.whatsapp.emulator.program import EmulatorProgram
from tests.system.programs import Asking
from tests.waiting import PATIENCE


async def settings_of(emulator: EmulatorProgram) -> Mapping[str, str]:
    told = await emulator.get("environment")
    return {
        "WHATSAPP_ENGINE": "neonize",
        "WHATSAPP_PROXY": told["proxy"],
        "WHATSAPP_CA_FILE": told["ca_file"],
        "WHATSAPP_NOISE_ROOT": told["noise_root"],
    }


async def link(emulator: EmulatorProgram, ask: Asking, pool: Pool, instance: UUID, phone: str) -> None:
    """Scan the instance's QR code as soon as somebody owns it, and wait until it is connected."""
    with anyio.fail_after(PATIENCE):
        while True:
            with suppress(Problem):
                answer = await ask(instance, "qr-code")
                break
            await anyio.sleep(0.1)
    await emulator.post("scan", phone=phone, qr=answer["value"])
    await until_connected(pool, instance)


async def until_connected(pool: Pool, instance: UUID) -> None:
    with anyio.fail_after(PATIENCE):
        while await state_of(pool, instance) != "connected":
            await anyio.sleep(0.05)


async def state_of(pool: Pool, instance: UUID) -> str:
    state: str = await pool.fetchval("SELECT session_state FROM instance WHERE id = $1", instance)
    return state
