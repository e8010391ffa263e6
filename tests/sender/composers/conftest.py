"""A desk for each test."""

import pytest

from tests.sender.composers.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()
