"""Requests made up from the models' own schemas, and spoiled ones: accepted or refused by name, and nothing else; what
is accepted can be read again and composed."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from common.addresses import InvalidPhone
from common.errors import DeliveryError
from common.requests.media_source import STORED
from common.requests.messages import MODELS
from frontend.problems import invalid
from sender.composers.occasion import Request
from sender.composers.registry import compose
from tests.contract.fuzz import bodies, is_conditional
from tests.sender.composers.desk import Desk

CALM = settings(
    max_examples=12, deadline=None, database=None, derandomize=True, phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)  # fmt: skip

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)

Model = type[BaseModel]


def read(model: Model, body: Any) -> Any:
    """As the frontend does it: valid, or a problem that can be told. Whatever else is raised is a fault."""
    try:
        sent: Any = model.model_validate_json(json.dumps(body))
        assert sent.chat
        return sent
    except InvalidPhone:
        return None  # told as that, whatever the field is called
    except ValidationError as error:
        told = invalid(error)
        assert told.status == 400
        assert 0 < len(told.text) < 1_000
        return None


def check_composed(kind: str, sent: Any) -> None:
    """What the row holds is read as what was accepted, and becomes a message, or an error that says why not."""
    payload = sent.model_dump_json(exclude_unset=True, exclude_none=True, by_alias=True)
    again = MODELS[kind].model_validate_json(payload, context=STORED)
    assert again.model_dump_json(exclude_unset=True, exclude_none=True, by_alias=True) == payload
    with suppress(DeliveryError):
        asyncio.run(compose(Request(kind, payload), Desk().occasion(sent.chat)))


@pytest.mark.parametrize("kind", MODELS)
def test_what_a_schema_allows_is_accepted_and_composed(kind: str) -> None:
    model = MODELS[kind]
    schema = model.model_json_schema()

    @CALM
    @given(bodies(schema))
    def check(body: Any) -> None:
        sent = read(model, body)
        if sent is not None:
            check_composed(kind, sent)
        else:
            assert is_conditional(schema), body

    check()


@pytest.mark.parametrize("kind", MODELS)
def test_a_spoiled_body_is_refused_by_name_or_accepted(kind: str) -> None:
    model = MODELS[kind]

    @CALM
    @given(bodies(model.model_json_schema()), st.data())
    def check(body: dict[str, Any], data: st.DataObject) -> None:
        spoiled = dict(body)
        for name in data.draw(st.lists(st.sampled_from([*model.model_json_schema()["properties"]]), max_size=3)):
            if data.draw(st.booleans()):
                spoiled[name] = data.draw(ANYTHING)
            else:
                spoiled.pop(name, None)
        sent = read(model, spoiled)
        if sent is not None:
            check_composed(kind, sent)

    check()
