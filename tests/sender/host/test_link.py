import socket
from typing import NoReturn

import pytest

from sender.host.frames import Decoder, Frame
from sender.host.link import Link


class Left(Exception):
    """The process would have ended."""


def leave() -> NoReturn:
    raise Left


def test_frames_cross_both_ways_until_the_node_hangs_up() -> None:
    node, host = socket.socketpair()
    link = Link(host, leave)
    link.send(Frame("hello", fields={"version": "1"}))
    assert list(Decoder().feed(node.recv(1000))) == [Frame("hello", fields={"version": "1"})]
    node.sendall(Frame("ack", 1).encode() + Frame("close", 2, body=b"x").encode())
    node.shutdown(socket.SHUT_WR)
    assert list(link.frames()) == [Frame("ack", 1), Frame("close", 2, body=b"x")]
    node.close()
    host.close()


def test_a_host_without_a_node_leaves() -> None:
    node, host = socket.socketpair()
    link = Link(host, leave)
    node.close()
    with pytest.raises(Left):
        link.send(Frame("hello"))
    host.close()
