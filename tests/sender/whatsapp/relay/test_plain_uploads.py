"""Where a picture of a product goes, and what a media server's answers mean."""

import pytest

from common.errors import DeliveryError, Refused, TemporaryFailure
from sender.whatsapp.powers.refusals import NotUnderstood
from sender.whatsapp.relay.plain_uploads import PlainUploads, _address
from sender.whatsapp.wire.node import Node

pytestmark = pytest.mark.anyio


def said(status: int, body: str, *more: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", *more, "", body)).encode()


def test_the_answer_s_path_becomes_the_picture_s_address() -> None:
    answer = said(200, '{"direct_path": "/v/1?a=b"}')
    assert _address(answer) == "https://mmg.whatsapp.net/v/1?a=b"
    chunked = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n17\r\n{"direct_path": "/v/1"}\r\n0\r\n\r\n'
    assert _address(chunked) == "https://mmg.whatsapp.net/v/1"


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (said(503, ""), TemporaryFailure),
        (said(429, ""), TemporaryFailure),
        (said(401, ""), Refused),
        (said(200, "{}"), NotUnderstood),
        (said(200, "[]"), NotUnderstood),
        (said(200, "not json"), NotUnderstood),
        (b"", NotUnderstood),
        (b"\x00\xff" * 50, NotUnderstood),
    ],
)
def test_another_answer_is_a_failure_that_says_whether_to_try_again(
    answer: bytes, failure: type[DeliveryError]
) -> None:
    with pytest.raises(failure):
        _address(answer)


@pytest.mark.parametrize("content", [[], [Node("media_conn", {"auth": "x"})]])
async def test_without_a_server_nothing_is_uploaded(content: list[Node]) -> None:
    async def ask(question: Node) -> Node:
        return Node("iq", {"type": "result"}, content)

    with pytest.raises((NotUnderstood, TemporaryFailure)):
        await PlainUploads(ask, "", "", 1.0).upload(b"\xff\xd8")


async def test_a_server_that_cannot_be_reached_is_tried_again_later() -> None:
    async def ask(question: Node) -> Node:
        host = Node("host", {"hostname": "127.0.0.1"})
        return Node("iq", {"type": "result"}, [Node("media_conn", {"auth": "x"}, [host])])

    with pytest.raises(TemporaryFailure):
        await PlainUploads(ask, "http://127.0.0.1:9", "", 1.0).upload(b"\xff\xd8")
