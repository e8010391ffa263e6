"""What real neonize sessions can do beside texts, each on a session that is linked already."""

import pytest

from tests.sender.whatsapp.emulator.conftest import PHONE
from tests.sender.whatsapp.emulator.neonize_process import NeonizeProcess, engine
from tests.sender.whatsapp.emulator.program import EmulatorProgram

pytestmark = pytest.mark.anyio


async def named(sessions: NeonizeProcess, session: str, name: str) -> None:
    """Wait until the session knows its own name, which its phone shares through app state."""
    async with sessions.patience():
        while engine.Device.FromString(await sessions.call("GetMe", session)).PushName != name:
            await sessions.pause()


async def test_a_session_learns_its_name_and_changes_it(
    emulator: EmulatorProgram, sessions: NeonizeProcess, session: str
) -> None:
    await named(sessions, session, "Phone")
    assert await sessions.call("SetPushName", session, "Another") == b""
    seen = (await emulator.get(f"contacts/{PHONE}/sightings?kind=app-state&wait=20"))["sightings"]
    assert seen[-1]["index"] == ["setting_pushName"]
    assert (await emulator.get(f"accounts/{PHONE}"))["name"] == "Another"
    await emulator.post("accounts", phone=PHONE, name="Third")
    await named(sessions, session, "Third")
