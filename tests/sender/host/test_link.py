import socket

from sender.host.frames import Decoder, Frame
from sender.host.link import Link


def test_frames_cross_both_ways_until_the_node_hangs_up() -> None:
    node, host = socket.socketpair()
    link = Link(host)
    link.send(Frame("hello", fields={"version": "1"}))
    assert list(Decoder().feed(node.recv(1000))) == [Frame("hello", fields={"version": "1"})]
    node.sendall(Frame("ack", 1).encode() + Frame("close", 2, body=b"x").encode())
    node.shutdown(socket.SHUT_WR)
    assert list(link.frames()) == [Frame("ack", 1), Frame("close", 2, body=b"x")]
    node.close()
    host.close()


def test_without_a_node_frames_end_and_sending_harms_nobody() -> None:
    node, host = socket.socketpair()
    link = Link(host)
    node.close()
    link.send(Frame("hello"))
    assert list(link.frames()) == []
    host.close()
