"""What the emulator wrote down, read back as the history's wire."""

import json
from pathlib import Path

from loadtests.history.audit import WireLog
from loadtests.history.events import Connection, Sent

PHONE, CHAT = "5511900000001", "1@lid"


def test_lines_become_sends_and_connections_of_instances_and_nodes(tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"
    lines = [
        [1.0, "open", PHONE, 3, 4001],
        [2.0, "message", PHONE, 3, 4001, CHAT, "3EB0"],
        [2.5, "message", "5511900000009", 0, 4009, CHAT, "of a stranger"],
        [3.0, "open", PHONE, 3, 4002],
        [3.1, "close", PHONE, 3, 4001],
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    log = WireLog(path, {PHONE: "i"}, {4001: "one", 4002: "two"})
    assert list(log.sent()) == [Sent(2.0, "one", "i", CHAT, "3EB0")]
    assert list(log.connections()) == [
        Connection(1.0, "one:4001", "i", True),
        Connection(3.0, "two:4002", "i", True),
        Connection(3.1, "one:4001", "i", False),
    ]


def test_a_log_that_nothing_was_written_to_is_empty(tmp_path: Path) -> None:
    assert list(WireLog(tmp_path / "none", {}, {}).sent()) == []
