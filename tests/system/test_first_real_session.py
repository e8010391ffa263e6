"""The whole way, as a newcomer walks it: `./pombo up`, a text over HTTP, and what the contact decrypted. And what an
operator does who has to restore all of it."""

import os
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from common.local.http import request
from common.local.postgres import find_binaries
from tests.system.pombo import pombo, up
from tests.waiting import PATIENCE

pytestmark = pytest.mark.either_wire

TEXT = 'Olá 🕊️ 👩‍👩‍👧\nsecond line\n\n\tfourth, with "quotes", <tags> and 65 % — fim'


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A stack on the emulator, as `up` makes it."""
    data = tmp_path_factory.mktemp("emulated") / "data"
    try:
        yield up(data, whatsapp="emulated")
    finally:
        pombo("down", "--data", str(data))


def post(stack: dict[str, Any], phone: str, message: str) -> dict[str, Any]:
    status, answer = request("POST", url(stack, "send-text"), {"phone": phone, "message": message}, headers(stack))
    assert status == 200, answer
    return answer


def url(stack: dict[str, Any], route: str) -> str:
    return f"{stack['base_url']}/instances/{stack['demo']['id']}/token/{stack['demo']['token']}/{route}"


def headers(stack: dict[str, Any]) -> dict[str, str]:
    return {"Client-Token": stack["client_token"]}


def received(stack: dict[str, Any], contact: str, count: int) -> list[dict[str, Any]]:
    """What a contact decrypted from others, once it is that many."""
    deadline = time.monotonic() + PATIENCE
    while True:
        _, answer = request("GET", f"{stack['emulator_url']}/control/contacts/{contact}/messages")
        messages = [message for message in answer["messages"] if message["sender"] != contact]
        if len(messages) >= count:
            return messages
        assert time.monotonic() < deadline, f"{len(messages)} of {count} messages came"
        time.sleep(0.1)


def story(stack: dict[str, Any], zaap_id: str, status: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while True:
        _, answer = request("GET", url(stack, f"queue/{zaap_id}"), headers=headers(stack))
        if answer["status"] == status:
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)


def test_the_contact_decrypts_exactly_what_was_posted_and_its_receipts_come_back(stack: dict[str, Any]) -> None:
    contact = stack["demo"]["contact"]
    before = len(received(stack, contact, 0))
    answer = post(stack, contact, TEXT)

    message = received(stack, contact, before + 1)[-1]
    assert message["text"] == TEXT
    told = story(stack, answer["zaapId"], "read")  # the echo contact reads what it gets
    assert told["deliveredAt"] <= told["readAt"]
    assert told["whatsappId"] == message["id"]
    assert [attempt["outcome"] for attempt in told["attempts"]] == ["sent"]


def test_fifty_texts_to_five_contacts_arrive_in_the_order_of_each_chat(stack: dict[str, Any]) -> None:
    contacts = [f"55119770000{number:02d}" for number in range(5)]
    for contact in contacts:
        account = {"phone": contact, "name": f"Contact {contact[-2:]}", "script": "silent"}
        request("POST", f"{stack['emulator_url']}/control/accounts", account)
    sent: dict[str, list[str]] = defaultdict(list)
    for number in range(50):
        contact = contacts[number % 5]
        sent[contact].append(f"text {number}")
        post(stack, contact, f"text {number}")

    for contact in contacts:
        assert [message["text"] for message in received(stack, contact, 10)] == sent[contact]


def test_a_linked_phone_goes_on_from_a_backup_without_being_linked_again(stack: dict[str, Any], tmp_path: Path) -> None:
    """Both databases are dumped while everything runs, and restored after both were lost. The ratchets of the restored
    sessions are older than what the contact has decrypted since."""
    contact = stack["demo"]["contact"]
    story(stack, post(stack, contact, "before the backup")["zaapId"], "read")
    dumps = {dsn: tmp_path / f"{place}.dump" for place, dsn in enumerate(databases(stack))}
    for dsn, dump in dumps.items():
        tool("pg_dump", "-Fc", "-f", dump, dsn)
    story(stack, post(stack, contact, "after the backup")["zaapId"], "read")
    before = len(received(stack, contact, 0))

    stop(stack)
    for dsn, dump in dumps.items():
        tool("pg_restore", "--clean", "--if-exists", "--no-owner", "-d", dsn, dump)
    restored = up(Path(stack["data"]), whatsapp="emulated")

    assert restored["demo"] == stack["demo"]
    _, status = request("GET", url(restored, "status"), headers=headers(restored))
    assert status["connected"], status
    sent = post(restored, contact, "after the restore")
    assert received(restored, contact, before + 1)[-1]["text"] == "after the restore"
    story(restored, sent["zaapId"], "read")


def databases(stack: dict[str, Any]) -> tuple[str, str]:
    """The main one and that of the sessions."""
    return stack["postgres_dsn"], f"{stack['postgres_dsn']}_whatsapp"


def tool(name: str, *arguments: str | Path) -> None:
    subprocess.run([find_binaries() / name, *arguments], check=True, timeout=PATIENCE)


def stop(stack: dict[str, Any]) -> None:
    """The programs alone; their stores go on."""
    pids = [pid for each in stack["pids"].values() for pid in each]
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline, "a program does not stop"
        time.sleep(0.1)
