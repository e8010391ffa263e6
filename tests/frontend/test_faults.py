import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from common.requests.messages import SendLink, SendLocation, SendText
from frontend import faults
from frontend.operations import ALL
from frontend.problems import invalid

MODELS = {
    model
    for operation in ALL
    for model in (operation.body, operation.query, operation.place)
    if isinstance(model, type)
}
WRONG: tuple[Any, ...] = (
    None, [], {}, "", "abc", "x" * 70_000, -1, 1.5, 10**30, True, "true", [{}], [None], [1], ["a"] * 6_000,
    {"a": 1}, float("nan"), "2027-01-01", "2027-01-01T10:00:00",
    "9999-12-31T23:59:59Z",
)  # fmt: skip


def told(model: type[BaseModel], **fields: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        model.model_validate_json(json.dumps({"phone": "5511988887777", **fields}))
    return invalid(refused.value).text


@pytest.mark.parametrize(
    ("model", "fields", "text"),
    [
        (SendText, {}, "message: field required"),
        (SendText, {"message": 5}, "message: write a text"),
        (SendText, {"message": ""}, "message: write at least 1 character"),
        (SendText, {"message": "x" * 65_537}, "message: write at most 65536 characters"),
        (SendText, {"message": "hi", "delayMessage": 0}, "delayMessage: write a number of at least 1"),
        (SendText, {"message": "hi", "delayMessage": 16}, "delayMessage: write a number of at most 15"),
        (SendText, {"message": "hi", "delayMessage": "5"}, "delayMessage: write a whole number"),
        (SendText, {"message": "hi", "privateAnswer": "yes"}, "privateAnswer: write true or false"),
        (SendText, {"message": "hi", "mentioned": "5511988887777"}, "mentioned: write a list"),
        (
            SendText,
            {"message": "hi", "mentioned": ["Ana"]},
            "mentioned.0: write the digits of a number with its country code, such as 5511988887777, or a LID",
        ),
        (
            SendText,
            {"message": "hi", "scheduledFor": "9999-12-31T23:59:59Z"},
            "scheduledFor: write a time before 2200-01-01T00:00:00Z",
        ),
        (SendText, {"message": "hi", "groupMentioned": ["x"]}, "groupMentioned.0: write an object"),
        (
            SendText,
            {"message": "hi", "scheduledFor": "2027-01-05T10:20:30"},
            "scheduledFor: write the time in ISO 8601 with its offset, such as 2027-01-05T10:20:30Z",
        ),
        (
            SendLink,
            {"message": "m", "title": "t", "linkDescription": "d", "image": "https://a.example/b", "linkUrl": "a b"},
            "linkUrl: write an http(s) URL",
        ),
        (
            SendLink,
            {"message": "m", "title": "t", "linkDescription": "d", "image": "https://a.example/b",
             "linkUrl": "https://a.example", "linkType": "HUGE"},
            "linkType: write SMALL, MEDIUM or LARGE",
        ),
        (
            SendLocation,
            {"title": "t", "address": "a", "latitude": 91, "longitude": 0},
            "latitude: write a number of at most 90",
        ),
    ],
)  # fmt: skip
def test_a_fault_names_the_field_and_what_to_write(model: type[BaseModel], fields: dict[str, Any], text: str) -> None:
    assert told(model, **fields) == text


def test_a_body_that_is_no_object_is_told_so() -> None:
    with pytest.raises(ValidationError) as refused:
        SendText.model_validate_json("[]")
    assert invalid(refused.value).text == "body: write an object"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"phone":"551', "the body is not valid JSON: it ends too early, at line 1, column 13"),
        (b"{\n'phone'", "the body is not valid JSON: it cannot be read, at line 2, column 1"),
    ],
)
def test_where_a_body_stops_being_json_is_told(body: bytes, text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        SendText.model_validate_json(body)
    assert invalid(refused.value).text == text


def every_fault() -> Iterator[ErrorDetails]:
    """Of every field of every request, with values that are wrong in all the ways there are."""
    for model in MODELS:
        for name, field in model.model_fields.items():
            for value in WRONG:
                for validate in (
                    model.model_validate,
                    lambda read, model=model: model.model_validate_json(json.dumps(read)),
                ):
                    try:
                        validate({field.alias or name: value})
                    except ValidationError as error:
                        yield from error.errors(include_url=False, include_input=False)


def test_no_fault_of_any_request_is_told_in_the_parser_s_own_words() -> None:
    found = {}
    for fault in every_fault():
        found[fault["type"]] = faults.clause(fault)
    assert len(found) > 20
    assert found.keys() - {"value_error"} <= faults.TEXTS.keys()
    assert not [text for text in found.values() if "should" in text]
