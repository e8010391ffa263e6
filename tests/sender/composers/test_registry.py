"""Every kind has a model and a composer, and what cannot be read is refused for good."""

import pytest

from common.errors import CannotCompose
from common.requests.messages import MODELS
from frontend.operation import Send
from frontend.operations import ALL
from sender.composers.occasion import Request
from sender.composers.registry import COMPOSERS, compose
from tests.sender.composers.desk import Desk

pytestmark = pytest.mark.anyio


def test_models_composers_and_routes_are_of_the_same_kinds() -> None:
    routes = [getattr(operation.request, "kind", "") for operation in ALL if isinstance(operation.effect, Send)]
    assert sorted(routes) == sorted(MODELS) == sorted(COMPOSERS)


@pytest.mark.parametrize(
    ("kind", "payload", "error"),
    [
        ("telegram", "{}", "messages of kind telegram cannot be sent by this version"),
        ("text", '{"phone":"5511988887777"}', "the stored request is not valid: 1 errors"),
        ("text", "not json", "the stored request is not valid: 1 errors"),
    ],
)
async def test_a_row_that_this_version_cannot_read_is_refused(desk: Desk, kind: str, payload: str, error: str) -> None:
    with pytest.raises(CannotCompose, match=error):
        await compose(Request(kind, payload), desk.occasion())


async def test_a_row_may_name_a_file_that_the_gateway_keeps(desk: Desk) -> None:
    await compose(Request("image", '{"phone":"5511988887777","image":"media:7"}'), desk.occasion())
    assert [file.source for file in desk.media.files] == ["media:7"]
