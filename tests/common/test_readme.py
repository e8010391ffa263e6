"""The README's table of settings says what the settings say."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from common.settings import FrontendSettings, SenderSettings, parse_duration

README = Path(__file__).resolve().parents[2] / "README.md"
ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| (.*?) \|", re.MULTILINE)
SHOWN = {"unset": None, "empty": "", "true": True, "false": False}
IN_WORDS = {"WAMEOW_POSTGRES_DSN", "NODE_ID"}  # their defaults are made from something else

FIELDS = {
    name.upper(): field
    for settings in (FrontendSettings, SenderSettings)
    for name, field in settings.model_fields.items()
}
ROWS: dict[str, str] = dict(ROW.findall(README.read_text(encoding="utf-8")))


def test_every_setting_has_a_row_and_every_row_a_setting() -> None:
    assert ROWS.keys() == FIELDS.keys()


@pytest.mark.parametrize("name", sorted(FIELDS.keys() - IN_WORDS))
def test_the_default_is_the_one_in_the_code(name: str) -> None:
    field, shown = FIELDS[name], ROWS[name]
    if field.is_required():
        assert shown == "required"
    else:
        assert read(shown, field.default) == plain(field.default)


def read(shown: str, default: Any) -> Any:
    if isinstance(default, timedelta):
        return parse_duration(shown)
    if shown in SHOWN:
        return SHOWN[shown]
    return type(default)(shown)


def plain(default: Any) -> Any:
    return default.get_secret_value() if hasattr(default, "get_secret_value") else default
