"""What a release ships of the API."""

import json
import re
from pathlib import Path
from typing import Any

from frontend import openapi, operations, postman
from frontend.artefacts import write

DOCUMENT = openapi.build(operations.ALL, version="1.2.3", url="https://gateway.example.com")
COLLECTION = postman.build(DOCUMENT)
ITEMS: list[dict[str, Any]] = [item for folder in COLLECTION["item"] for item in folder["item"]]


def test_every_operation_is_a_request_of_the_collection() -> None:
    found = {(item["request"]["method"], shape(item["request"]["url"]["path"])) for item in ITEMS}
    assert len(ITEMS) == len(operations.ALL)
    assert found == {
        (operation.method, shape(operation.template.strip("/").split("/"))) for operation in operations.ALL
    }


def test_a_request_carries_its_example_and_what_opens_it() -> None:
    text = next(item["request"] for item in ITEMS if item["request"]["url"]["raw"].endswith("/send-text"))
    assert {header["key"]: header["value"] for header in text["header"]} == {
        "Client-Token": "{{clientToken}}", "Content-Type": "application/json",
    }  # fmt: skip
    assert json.loads(text["body"]["raw"])["phone"]
    nodes = next(item["request"] for item in ITEMS if item["request"]["url"]["raw"] == "{{baseUrl}}/nodes")
    assert nodes["auth"]["bearer"][0]["value"] == "{{adminToken}}"


def test_every_variable_that_is_used_is_declared() -> None:
    used = set(re.findall(r"\{\{(\w+)\}\}", json.dumps(COLLECTION["item"])))
    assert used == {each["key"] for each in COLLECTION["variable"]}
    assert {each["key"]: each["value"] for each in COLLECTION["variable"]}["baseUrl"] == "https://gateway.example.com"


def test_the_files_are_the_same_each_time(tmp_path: Path) -> None:
    first = [path.read_bytes() for path in write(tmp_path / "a", "")]
    assert [path.read_bytes() for path in write(tmp_path / "b", "")] == first


def shape(segments: list[str]) -> tuple[str, ...]:
    return tuple("*" if segment[0] in "{:" else segment for segment in segments)
