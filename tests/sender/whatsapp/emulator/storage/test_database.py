"""The emulator's file: what was committed is there after a kill, and only one emulator has it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sender.whatsapp.emulator.storage.database import FORMAT, Database, DataInUse, UnknownFormat

ALIAS = "INSERT INTO alias (phone, account) VALUES (?, ?)"
COUNT = "SELECT count(*) FROM alias"

KILLED = """
import os, signal, sys
from pathlib import Path
from sender.whatsapp.emulator.storage.database import Database
database = Database(Path(sys.argv[1]))
database.write("INSERT INTO alias (phone, account) VALUES ('1', 'a')")
database.commit()
database.write("INSERT INTO alias (phone, account) VALUES ('2', 'a')")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "emulator.sqlite"


def test_what_was_committed_survives_a_kill_and_nothing_else(path: Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)], env={**os.environ, "PYTHONPATH": "."}, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    database = Database(path)
    assert database.read("SELECT phone FROM alias") == [("1",)]
    database.close()


def test_reads_see_what_is_not_committed_yet(path: Path) -> None:
    database = Database(path)
    database.write(ALIAS, ("1", "a"))
    assert database.read(COUNT) == [(1,)]
    database.close()


def test_a_later_write_happens_once_at_the_commit(path: Path) -> None:
    database = Database(path)
    values: list[str] = []
    for value in ("old", "new"):
        values.append(value)
        database.later("key", lambda: database.write(ALIAS, (values[-1], "a")) and None)
    assert database.read(COUNT) == [(0,)]
    database.commit()
    assert database.read("SELECT phone FROM alias") == [("new",)]
    database.close()


def test_an_insert_tells_whether_the_row_was_new(path: Path) -> None:
    database = Database(path)
    statement = f"{ALIAS} ON CONFLICT DO NOTHING RETURNING 7"
    assert [database.insert(statement, ("1", "a")) for _ in range(2)] == [7, None]
    database.close()


def test_a_second_emulator_is_kept_out(path: Path) -> None:
    database = Database(path)
    with pytest.raises(DataInUse):
        Database(path)
    database.close()
    Database(path).close()


def test_data_of_another_format_is_refused(path: Path) -> None:
    database = Database(path)
    database.write(f"PRAGMA user_version = {FORMAT + 1}")
    database.close()
    with pytest.raises(UnknownFormat):
        Database(path)
