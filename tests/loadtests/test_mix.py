"""The mix of load tests: what it sends is what the routes take."""

from random import Random

import pytest

from frontend.operations import ALL
from loadtests.measure.mix import MIX

MODELS = {operation.path: operation.body for operation in ALL if operation.method == "POST"}


@pytest.mark.parametrize("route", MIX)
def test_a_body_of_the_mix_is_valid(route: str) -> None:
    _, make = MIX[route]
    model = MODELS[route]
    assert model is not None
    model.model_validate({"phone": "5511988887777", "messageId": "3EB0C431C26A1916E07E", **make(Random(1))})
