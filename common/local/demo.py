"""The demo instance of a fresh stack: made over HTTP, linked with a virtual phone, with a contact that answers."""

import time
from collections.abc import Mapping

from common.local.data_folder import Demo, Record
from common.local.gateway import Gateway, Instance, Refused
from common.local.http import Unreachable, request
from common.local.processes import StartFailed

PHONE = "5511900000001"
CONTACT = "5511900000002"
LINK_PATIENCE = 60.0  # seconds
REUNION_PATIENCE = 20.0  # for a session that was linked before to come back by itself
POLL = 0.2


def prepare_demo(record: Record, secrets: Mapping[str, str], known: Demo | None) -> Demo:
    """The demo instance, connected unless it waits for a phone of the user's own. `known` is used again if it still
    exists. Raises StartFailed."""
    gateway = Gateway(record.base_urls[0], secrets["CLIENT_AUTH_TOKEN"], secrets["PARTNER_AUTH_TOKEN"])
    try:
        if known is not None and gateway.exists(Instance(known.id, known.token)):
            instance, patience = Instance(known.id, known.token), REUNION_PATIENCE
        else:
            instance, patience = gateway.create("Demo"), 0.0
        if record.emulator_url:
            meet_contacts(record.emulator_url)
        if record.whatsapp != "real":
            connect(gateway, instance, record.emulator_url, patience=patience)
    except (Unreachable, Refused) as problem:
        raise StartFailed(f"the demo instance could not be prepared: {problem}") from problem
    # On the real WhatsApp that number is somebody's.
    return Demo(instance.id, instance.token, "" if record.whatsapp == "real" else CONTACT)


def meet_contacts(emulator_url: str) -> None:
    """The phone that scans the code and the contact that answers; both may be there from an earlier run."""
    for account in (
        {"phone": PHONE, "name": "Demo phone", "script": "silent"},
        {"phone": CONTACT, "name": "Echo", "script": "echo"},
    ):
        request("POST", f"{emulator_url}/control/accounts", account)


def connect(gateway: Gateway, instance: Instance, emulator_url: str | None, *, patience: float) -> None:
    """Wait `patience` seconds for the instance to connect by itself, then scan codes until it is connected."""
    began = time.monotonic()
    scanned = ""
    while not gateway.is_connected(instance):
        waited = time.monotonic() - began
        if waited > patience + LINK_PATIENCE:
            raise StartFailed(f"the demo instance did not connect within {waited:.0f} s.")
        code = gateway.qr_code(instance) if emulator_url and waited >= patience else None
        if code and code != scanned:
            request("POST", f"{emulator_url}/control/scan", {"phone": PHONE, "qr": code}, timeout=30.0)
            scanned = code
        time.sleep(POLL)
