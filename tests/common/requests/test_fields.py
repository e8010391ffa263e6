"""The field types, as a JSON body spells them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from common.requests.fields import Delay, Flag, Member, Phone, Time, TypingDelay


class Fields(BaseModel):
    phone: Phone | None = None
    member: Member | None = None
    delay: Delay | None = None
    typing: TypingDelay | None = None
    flag: Flag | None = None
    time: Time | None = None


def read(**values: Any) -> Fields:
    return Fields.model_validate_json(json.dumps(values))


MOMENT = datetime(2027, 1, 5, 10, 20, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "2027-01-05T10:20:30Z",
        "2027-01-05T10:20:30.000Z",
        "2027-01-05T07:20:30-03:00",
        "2027-01-05 10:20:30+00:00",
        "2027-01-05T10:20:30+00:00",
    ],
)
def test_a_time_is_read_in_every_usual_spelling(written: str) -> None:
    assert read(time=written).time == MOMENT


@pytest.mark.parametrize(
    "written",
    [
        "2027-01-05T10:20:30",
        "2027-01-05",
        "10:20:30Z",
        "1799144430",
        "1799144430123",
        " 1799144430123 ",
        "1799144430.5",
        "+1799144430",
        "1.8e9",
        "",
        "tomorrow",
        "1999-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "2027-02-30T00:00:00Z",
        1799144430,
        1799144430.5,
        True,
        [],
        {},
    ],
    ids=repr,
)
def test_what_is_no_time_with_an_offset_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        read(time=written)


def test_a_stored_time_is_read_again_as_it_was() -> None:
    stored = read(time="2027-01-05T07:20:30-03:00").model_dump_json()
    assert Fields.model_validate_json(stored).time == MOMENT


@pytest.mark.parametrize(("written", "meant"), [(True, True), (False, False), ("true", True), ("false", False)])
def test_a_flag_is_read_as_a_boolean_and_as_its_text(written: object, meant: bool) -> None:
    assert read(flag=written).flag is meant


@pytest.mark.parametrize("written", ["TRUE", "yes", "1", "", 1, 0, [], {}], ids=repr)
def test_nothing_else_is_a_flag(written: object) -> None:
    with pytest.raises(ValidationError):
        read(flag=written)


@pytest.mark.parametrize("written", [5511988887777, "5511988887777"])
def test_a_number_is_taken_for_its_digits(written: object) -> None:
    found = read(phone=written, member=written)
    assert (found.phone, found.member) == ("5511988887777", "5511988887777")


@pytest.mark.parametrize("written", [True, [], 5511988887777.5, "Ana", "5511988887777 ", "", "120363-group"], ids=repr)
def test_nothing_else_is_a_member(written: object) -> None:
    with pytest.raises(ValidationError):
        read(member=written)


@pytest.mark.parametrize("seconds", [1, 15, 5.0])
def test_delays_reach_from_one_to_fifteen(seconds: float) -> None:
    found = read(delay=seconds, typing=seconds)
    assert (found.delay, found.typing) == (seconds, seconds)
    assert type(found.delay) is type(found.typing) is int


@pytest.mark.parametrize("seconds", [0, 16, 16.0, -1, 1.5, 1e300, "5", True], ids=repr)
def test_nothing_else_is_a_delay(seconds: object) -> None:
    with pytest.raises(ValidationError):
        read(delay=seconds)


def test_no_typing_is_a_typing_delay_of_zero() -> None:
    assert read(typing=0).typing == 0
