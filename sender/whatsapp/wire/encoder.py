"""Stanzas to binary XML."""

import re

from sender.whatsapp.wire import marks
from sender.whatsapp.wire.errors import MalformedFrame
from sender.whatsapp.wire.jid import HOSTED_LID_SERVER, HOSTED_SERVER, INTEROP_SERVER, MESSENGER_SERVER, Jid
from sender.whatsapp.wire.node import Node
from sender.whatsapp.wire.tokens import ENCODED

_NIBBLES = re.compile(r"[0-9.-]{1,127}", re.ASCII)
_HEX_DIGITS = re.compile(r"[0-9A-F]{1,127}", re.ASCII)
_NIBBLE_AS_HEX = str.maketrans("-.", "ab")


def encode(node: Node) -> bytes:
    """The plaintext of one frame: a flags byte (nothing is compressed) and the stanza."""
    out = bytearray(1)
    _write_node(out, node)
    return bytes(out)


def _write_node(out: bytearray, node: Node) -> None:
    content = node.content
    _write_list(out, 1 + 2 * len(node.attributes) + (content is not None))
    _write_text(out, node.tag)
    for name, value in node.attributes.items():
        _write_text(out, name)
        if isinstance(value, Jid):
            _write_jid(out, value)
        else:
            _write_text(out, value)
    if isinstance(content, list):
        _write_list(out, len(content))
        for child in content:
            _write_node(out, child)
    elif content is not None:
        # Always raw: a dictionary word or packed string would reach a client as text where it insists on bytes.
        _write_binary(out, content)


def _write_list(out: bytearray, size: int) -> None:
    if size == 0:
        out.append(marks.LIST_EMPTY)
    elif size < 1 << 8:
        out += bytes((marks.LIST_8, size))
    elif size < 1 << 16:
        out.append(marks.LIST_16)
        out += size.to_bytes(2, "big")
    else:
        raise MalformedFrame(f"a list of {size} does not fit its length field")


def _write_text(out: bytearray, text: str) -> None:
    word = ENCODED.get(text)
    if word is not None:
        out += word
    elif _NIBBLES.fullmatch(text):
        _write_packed(out, marks.NIBBLE_8, text.translate(_NIBBLE_AS_HEX))
    elif _HEX_DIGITS.fullmatch(text):
        _write_packed(out, marks.HEX_8, text)
    else:
        _write_binary(out, text.encode())


def _write_packed(out: bytearray, mark: int, digits: str) -> None:
    odd = len(digits) % 2
    out += bytes((mark, (len(digits) + odd) // 2 | (marks.ODD if odd else 0)))
    out += bytes.fromhex(f"{digits}f" if odd else digits)


def _write_binary(out: bytearray, data: bytes) -> None:
    length = len(data)
    if length < 1 << 8:
        out += bytes((marks.BINARY_8, length))
    elif length < 1 << 20:
        out.append(marks.BINARY_20)
        out += length.to_bytes(3, "big")
    else:
        out.append(marks.BINARY_32)
        out += length.to_bytes(4, "big")
    out += data


def _write_jid(out: bytearray, jid: Jid) -> None:
    if jid.server == INTEROP_SERVER:
        out.append(marks.JID_INTEROP)
        _write_text(out, jid.user)
        out += jid.device.to_bytes(2, "big") + jid.integrator.to_bytes(2, "big")
        _write_text(out, jid.server)
    elif jid.server == MESSENGER_SERVER:
        out.append(marks.JID_MESSENGER)
        _write_text(out, jid.user)
        out += jid.device.to_bytes(2, "big")
        _write_text(out, jid.server)
    elif jid.server in marks.DOMAINS and (jid.device or jid.server in (HOSTED_SERVER, HOSTED_LID_SERVER)):
        out += bytes((marks.JID_DEVICE, marks.DOMAINS[jid.server], jid.device))
        _write_text(out, jid.user)
    else:
        out.append(marks.JID_PAIR)
        if jid.user:
            _write_text(out, jid.user)
        else:
            out.append(marks.LIST_EMPTY)
        _write_text(out, jid.server)
