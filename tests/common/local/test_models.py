"""The runner of the models tells apart a model that holds, one that does not, and one that is not explored."""

import shutil
from pathlib import Path

import pytest

from common.local import models

MODEL = """
byte n = 0;
active proctype count() { do :: n < 3 -> n++ :: else -> break od; assert(n == BOUND) }
"""
GIVEN = "#ifdef BROKEN\n#define BOUND 4\n#else\n#define BOUND 3\n#endif\n"

# Without spin there is nothing to run: `./pombo check` says the models hold only where it is installed.
HAS_SPIN = models.can_be_checked()


def write(folder: Path, text: str) -> Path:
    path = folder / "model.pml"
    path.write_text(text)
    return path


def test_a_model_that_holds_and_whose_twin_fails_is_sound(tmp_path: Path) -> None:
    write(tmp_path, GIVEN + MODEL)
    assert models.check(tmp_path) is HAS_SPIN


def test_a_twin_that_is_not_refuted_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, GIVEN.replace("BOUND 4", "BOUND 3") + MODEL)
    assert not models.check(tmp_path)
    if HAS_SPIN:
        assert "model with BROKEN was not refuted" in capsys.readouterr().err


def test_a_model_that_does_not_hold_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, GIVEN.replace("BOUND 3", "BOUND 5") + MODEL)
    assert not models.check(tmp_path)
    if HAS_SPIN:
        assert "model does not hold" in capsys.readouterr().err


def test_a_model_that_cannot_be_read_is_not_sound(tmp_path: Path) -> None:
    write(tmp_path, "this is no model")
    assert not models.check(tmp_path)


def test_spin_and_a_compiler_are_what_is_needed() -> None:
    assert models.can_be_checked() == all(shutil.which(name) for name in ("spin", "gcc"))
