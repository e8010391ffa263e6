"""`./pombo up` as a person or a script runs it, with the simulated WhatsApp."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from common.local.http import answers, request
from common.local.processes import started_at
from tests.system.pombo import POMBO, pombo, up
from tests.waiting import PATIENCE

pytestmark = pytest.mark.anyio

SENT = "SELECT status FROM message_history WHERE zaap_id = $1::uuid"
STORED = "SELECT (SELECT count(*) FROM message_history) + (SELECT count(*) FROM message_queue)"


def status(data: Path) -> dict[str, Any]:
    described: dict[str, Any] = json.loads(pombo("status", "--data", str(data)).stdout)
    return described


def pids_of(stack: dict[str, Any]) -> list[int]:
    return [pid for pids in stack["pids"].values() for pid in pids]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Data folders by name; whatever runs on them is stopped after the test."""
    made: list[Path] = []

    def make(name: str) -> Path:
        made.append(tmp_path / name)
        return made[-1]

    yield make
    for data in made:
        pombo("down", "--data", str(data))


async def sent_by(stack: dict[str, Any], message: str) -> str:
    """Post a text through the demo instance and wait until the sender has finished it; its zaapId."""
    demo = stack["demo"]
    url = f"{stack['base_url']}/instances/{demo['id']}/token/{demo['token']}/send-text"
    body = {"phone": demo["contact"], "message": message}
    code, answer = request("POST", url, body, {"Client-Token": stack["client_token"]})
    assert code == 200, answer
    await settled(stack, answer["zaapId"])
    return str(answer["zaapId"])


async def settled(stack: dict[str, Any], zaap_id: str) -> None:
    connection = await asyncpg.connect(stack["postgres_dsn"])
    deadline = time.monotonic() + PATIENCE
    try:
        while await connection.fetchval(SENT, zaap_id) not in ("sent", "delivered"):
            assert time.monotonic() < deadline, "the message was not sent"
            await connection.fetchval("SELECT pg_sleep(0.05)")
    finally:
        await connection.close()


async def test_a_stack_sends_and_a_second_up_on_its_folder_keeps_everything(
    folder: Callable[[str], Path],
) -> None:
    data = folder("kept")
    first = up(data)
    zaap_id = await sent_by(first, "Hello")
    assert status(data)["healthy"]
    assert Path(first["data"]) == data

    assert pombo("down", "--data", str(data)).returncode == 0
    assert not any(started_at(pid) for pid in pids_of(first))
    assert status(data)["healthy"] is False

    again = up(data)
    await settled(again, zaap_id)
    assert {**again, "pids": {}} == {**first, "pids": {}}


async def test_seed_makes_instances_and_messages_through_the_api(folder: Callable[[str], Path]) -> None:
    data = folder("seeded")
    stack = up(data)
    seeded = json.loads(pombo("seed", "--data", str(data), "--instances", "2", "--messages", "12").stdout)

    assert len(seeded["instances"]) == 2
    connection = await asyncpg.connect(stack["postgres_dsn"])
    assert await connection.fetchval("SELECT count(*) FROM instance WHERE name LIKE 'Seed %'") == 2
    assert await connection.fetchval(STORED) == seeded["messages"] == 24
    await connection.close()


async def drained(data: str, node: str) -> dict[str, int]:
    """Shards by node, once this node has given all of its own away."""
    deadline = time.monotonic() + PATIENCE
    while True:
        lines = pombo("nodes", "--data", data).stdout.splitlines()[1:-1]
        held = {line.split()[0]: int(line.split()[1]) for line in lines}
        if not held[node] and sum(held.values()) == 256:
            return held
        assert time.monotonic() < deadline, held


async def test_stacks_live_side_by_side_and_down_stops_only_its_own(folder: Callable[[str], Path]) -> None:
    left, right = up(folder("left")), up(folder("right"), "--frontends", "2", "--senders", "2")

    assert len(right["base_urls"]) == 2
    assert all(answers(f"{url}/ready") for url in right["base_urls"])
    assert len(right["pids"]["frontend"]) == len(right["pids"]["sender"]) == 2
    assert not set(pids_of(left)) & set(pids_of(right))

    shown = pombo("nodes", "--data", right["data"]).stdout.splitlines()
    assert len(shown) == 4
    assert shown[-1] == "0 of 256 shards free"
    first, second = (line.split()[0] for line in shown[1:3])
    pombo("nodes", "--data", right["data"], "--drain", first)
    held = await drained(right["data"], first)
    assert held == {first: 0, second: 256}

    pombo("down", "--data", left["data"])
    await sent_by(right, "Still here")
    assert not answers(f"{left['base_url']}/health")


async def test_up_brings_back_what_was_killed_and_leaves_the_rest_alone(folder: Callable[[str], Path]) -> None:
    data = folder("healed")
    before = up(data)
    os.kill(before["pids"]["sender"][0], signal.SIGKILL)

    broken = status(data)
    assert broken["processes"] == {"postgres": True, "valkey": True, "sender-1": False, "frontend-1": True}

    after = up(data)
    assert after["pids"]["frontend"] == before["pids"]["frontend"]
    assert after["pids"]["sender"] != before["pids"]["sender"]
    await sent_by(after, "Back again")


def test_the_pasted_curl_works_and_ctrl_c_stops_everything(folder: Callable[[str], Path]) -> None:
    data = folder("attended")
    command = [POMBO, "up", "--whatsapp", "simulated", "--data", data]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as attended:
        assert attended.stdout is not None
        shown = ""
        while "curl" not in shown:
            line = attended.stdout.readline()
            assert line, attended.stderr and attended.stderr.read()
            shown += line
        curl = re.search(r"curl .*", shown)
        assert curl is not None
        pasted = subprocess.run(["bash", "-c", f"{curl[0]} --silent"], capture_output=True, text=True, check=False)
        assert set(json.loads(pasted.stdout)) == {"zaapId", "messageId", "id"}

        running = status(data)
        os.killpg(attended.pid, signal.SIGINT)
        _, told = attended.communicate(timeout=PATIENCE)

    assert attended.returncode == 0, told
    assert not any(started_at(pid) for pid in pids_of(running))
    assert "Traceback" not in told


def test_a_program_that_does_not_start_shows_its_log_and_leaves_nothing_behind(
    folder: Callable[[str], Path],
) -> None:
    data = folder("failing")
    done = pombo("up", "--detach", "--whatsapp", "simulated", "--data", str(data), NODE_CAPACITY="none")

    assert done.returncode == 1
    assert done.stdout == ""
    assert "ended while starting" in done.stderr
    assert "node_capacity" in done.stderr.lower()
    assert not (data / "stack.json").exists()
    assert not answers_on(json.loads((data / "ports.json").read_text())["postgres"])


def test_a_port_that_is_taken_is_told_before_anything_listens_there(folder: Callable[[str], Path]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = pombo("up", "--detach", "--whatsapp", "simulated", "--data", str(folder("taken")), "--port", port)

    assert done.returncode == 1
    assert f"port {port} is taken" in done.stderr


async def test_given_stores_are_used_and_not_touched_by_down(
    folder: Callable[[str], Path], empty_database: str, redis_url: str
) -> None:
    data = folder("guest")
    stack = up(data, POSTGRES_DSN=empty_database, REDIS_URL=redis_url)
    assert (stack["postgres_dsn"], stack["redis_url"]) == (empty_database, redis_url)
    assert set(status(data)["processes"]) == {"sender-1", "frontend-1"}

    await sent_by(stack, "Into your database")
    pombo("down", "--data", str(data))
    connection = await asyncpg.connect(empty_database)
    assert await connection.fetchval("SELECT count(*) FROM message_history") == 1
    await connection.close()


async def test_migrate_brings_the_given_database_up_to_date(empty_database: str) -> None:
    assert pombo("migrate", POSTGRES_DSN=empty_database).returncode == 0

    connection = await asyncpg.connect(empty_database)
    assert await connection.fetchval("SELECT count(*) FROM shard") == 256
    await connection.close()


def test_migrate_without_a_database_says_what_it_needs() -> None:
    done = pombo("migrate")

    assert done.returncode == 2
    assert "POSTGRES_DSN" in done.stderr


def test_the_real_whatsapp_waits_for_a_phone_and_asks_nobody_before(folder: Callable[[str], Path]) -> None:
    data = folder("real")
    stack = up(data, whatsapp="real")
    demo = stack["demo"]
    url = f"{stack['base_url']}/instances/{demo['id']}/token/{demo['token']}/status"
    _, answer = request("GET", url, headers={"Client-Token": stack["client_token"]})

    assert answer == {"connected": False, "error": "You are not connected.", "smartphoneConnected": False}
    assert "emulator_url" not in stack
    assert set(status(data)["processes"]) == {"postgres", "valkey", "sender-1", "frontend-1"}


def answers_on(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
