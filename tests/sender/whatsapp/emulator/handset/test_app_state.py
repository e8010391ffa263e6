"""App state between a phone and a companion: what one writes the other reads, in order and unforged."""

import orjson
import pytest

from sender.whatsapp.emulator.handset.app_state import Action, AppState, PatchRefused

NAME = "critical_block"


def twins() -> tuple[AppState, AppState]:
    """Two devices of one account."""
    state = AppState.create()
    return state, AppState.load(orjson.loads(orjson.dumps(state.dump())))


def test_what_one_writes_the_other_reads() -> None:
    here, there = twins()
    (action,) = there.read(NAME, here.write(NAME, ["setting_pushName"], [(7, [(1, "Ana")])], version=1))
    assert action.index == ("setting_pushName",)
    assert b"Ana" in action.value


def test_both_may_write_in_turns() -> None:
    here, there = twins()
    there.read(NAME, here.write(NAME, ["a"], [(2, 1)], version=1))
    here.read(NAME, there.write(NAME, ["b"], [(2, 2)], version=1))
    assert [each.index for each in there.read(NAME, here.write(NAME, ["a"], [(2, 3)], version=1))] == [("a",)]


def test_a_patch_that_skips_another_is_refused() -> None:
    here, there = twins()
    here.write(NAME, ["a"], [(2, 1)], version=1)
    with pytest.raises(PatchRefused, match="does not fit"):
        there.read(NAME, here.write(NAME, ["b"], [(2, 2)], version=1))


def test_a_patch_of_another_account_is_refused() -> None:
    with pytest.raises(PatchRefused, match="key"):
        AppState.create().read(NAME, AppState.create().write(NAME, ["a"], [(2, 1)], version=1))


def test_a_state_goes_on_after_it_was_stored() -> None:
    here, there = twins()
    there.read(NAME, here.write(NAME, ["a"], [(2, 1)], version=1))
    there = AppState.load(orjson.loads(orjson.dumps(there.dump())))
    assert isinstance(there.read(NAME, here.write(NAME, ["a"], [(2, 2)], version=1))[0], Action)
