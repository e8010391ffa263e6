"""The two ids of a message: the one that the library made, and the one that it bears on the wire."""

KEPT = 2_000
"""Messages of a session whose names are remembered. Later than this nobody asks for one again."""


class Names:
    """A message that was sent again, after its first try was lost, has two ids in the library and one on the wire."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._on_wire: dict[str, str] = {}
        self._in_library: dict[str, str] = {}

    def __bool__(self) -> bool:
        return bool(self._on_wire)

    def add(self, library_id: str, wire_id: str) -> None:
        if len(self._on_wire) >= self._kept:
            oldest = next(iter(self._on_wire))
            forgotten = self._on_wire.pop(oldest)
            if self._in_library.get(forgotten) == oldest:
                del self._in_library[forgotten]
        self._on_wire[library_id] = wire_id
        self._in_library[wire_id] = library_id

    def on_wire(self, library_id: str | None) -> str | None:
        return self._on_wire.get(library_id or "")

    def in_library(self, wire_id: str | None) -> str | None:
        return self._in_library.get(wire_id or "")
