"""Stanzas: a tag, attributes, and children or bytes."""

from collections.abc import Iterable, Mapping

from sender.whatsapp.wire.errors import MalformedFrame
from sender.whatsapp.wire.jid import Jid

Attribute = str | Jid
Attributes = Mapping[str, str | int | Jid | None]
"""As they are given to the constructor of a Node."""
Content = bytes | list["Node"] | None

_SHOWN_BYTES = 40


class Node:
    """One stanza or a part of one.

    Attribute values are text or addresses, which the wire tells apart. Numbers and booleans given to the constructor
    become text; None and empty text are left out, as clients do it. Content is children, bytes or nothing; text given
    becomes bytes, since clients insist on raw bytes there.
    """

    __slots__ = ("attributes", "content", "tag")

    def __init__(
        self,
        tag: str,
        attributes: Attributes | None = None,
        content: Iterable["Node"] | bytes | str | None = None,
    ) -> None:
        self.tag = tag
        self.attributes: dict[str, Attribute] = {}
        for name, value in (attributes or {}).items():
            if value is None or value == "":
                continue
            self.attributes[name] = value if isinstance(value, str | Jid) else _text(value)
        self.content: Content = content.encode() if isinstance(content, str) else _content(content)

    # --- attributes ---

    def get(self, name: str) -> str | None:
        """An attribute as text, None when absent."""
        value = self.attributes.get(name)
        return None if value is None else str(value)

    def text(self, name: str) -> str:
        """An attribute that must be there. Raises MalformedFrame."""
        value = self.attributes.get(name)
        if value is None:
            raise MalformedFrame(f"<{self.tag}> has no {name}")
        return str(value)

    def find_jid(self, name: str) -> Jid | None:
        value = self.attributes.get(name)
        return value if isinstance(value, Jid) else None

    def jid(self, name: str) -> Jid:
        """An address that must be there. Raises MalformedFrame, also when it was written as plain text."""
        value = self.attributes.get(name)
        if not isinstance(value, Jid):
            raise MalformedFrame(f"<{self.tag}> has no address in {name}")
        return value

    def number(self, name: str, default: int = 0) -> int:
        value = self.get(name)
        try:
            return default if value is None else int(value)
        except ValueError as error:
            raise MalformedFrame(f"{name} of <{self.tag}> is not a number") from error

    # --- content ---

    @property
    def children(self) -> list["Node"]:
        return self.content if isinstance(self.content, list) else []

    @property
    def first(self) -> "Node":
        """The first child, which must be there. Raises MalformedFrame."""
        if not self.children:
            raise MalformedFrame(f"<{self.tag}> is empty")
        return self.children[0]

    @property
    def data(self) -> bytes:
        """The content as bytes, empty when there is none."""
        return self.content if isinstance(self.content, bytes) else b""

    def find(self, *path: str) -> "Node | None":
        """The first descendant at a path of tags."""
        node: Node | None = self
        for tag in path:
            node = next((child for child in (node.children if node else ()) if child.tag == tag), None)
        return node

    def child(self, *path: str) -> "Node":
        """The first descendant at a path of tags, which must be there. Raises MalformedFrame."""
        node = self.find(*path)
        if node is None:
            raise MalformedFrame(f"<{self.tag}> has no {'/'.join(path)}")
        return node

    def all(self, tag: str) -> list["Node"]:
        return [child for child in self.children if child.tag == tag]

    # --- comparison and display ---

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Node):
            return NotImplemented
        return (self.tag, self.attributes, self.content) == (other.tag, other.attributes, other.content)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        attributes = "".join(f' {name}="{value}"' for name, value in self.attributes.items())
        if self.content is None:
            return f"<{self.tag}{attributes}/>"
        if isinstance(self.content, list):
            return f"<{self.tag}{attributes}>{''.join(map(repr, self.content))}</{self.tag}>"
        shown = repr(self.content) if len(self.content) <= _SHOWN_BYTES else f"[{len(self.content)} bytes]"
        return f"<{self.tag}{attributes}>{shown}</{self.tag}>"


def _text(value: int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _content(content: Iterable[Node] | bytes | None) -> Content:
    if content is None or isinstance(content, bytes):
        return content
    return list(content)
