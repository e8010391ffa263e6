"""The two ids of a message: the one that the library made, and the one that it bears on the wire."""

KEPT = 2_000
"""Messages of a session whose names are remembered. Later than this nobody asks for one again."""

REMEMBERED = 200
"""So many of the newest the library surely has in its memory, which holds 256, to send them to a receiver again."""


class Names:
    """A message that was sent again, after its first try was lost, has two ids in the library and one on the wire."""

    def __init__(self, kept: int = KEPT, remembered: int = REMEMBERED) -> None:
        self._kept = kept
        self._remembered = remembered
        self._on_wire: dict[str, str] = {}
        self._in_library: dict[str, str] = {}
        self._places: dict[str, int] = {}
        self._added = 0
        self._closed: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._on_wire)

    def add(self, library_id: str, wire_id: str) -> None:
        if len(self._on_wire) >= self._kept:
            self._forget(next(iter(self._on_wire)))
        self._added += 1
        self._places[library_id] = self._added
        self._on_wire[library_id] = wire_id
        self._in_library[wire_id] = library_id

    def close(self, library_id: str) -> None:
        """From now on it leaves only for a receiver who could not read it."""
        if library_id in self._on_wire:
            self._closed.add(library_id)

    def is_closed(self, library_id: str | None) -> bool:
        return library_id in self._closed

    def is_remembered(self, wire_id: str | None) -> bool:
        """Whether the library can send it to a receiver again."""
        library_id = self.in_library(wire_id)
        return library_id is not None and self._added - self._places[library_id] < self._remembered

    def on_wire(self, library_id: str | None) -> str | None:
        return self._on_wire.get(library_id or "")

    def in_library(self, wire_id: str | None) -> str | None:
        return self._in_library.get(wire_id or "")

    def _forget(self, library_id: str) -> None:
        wire_id = self._on_wire.pop(library_id)
        del self._places[library_id]
        self._closed.discard(library_id)
        if self._in_library.get(wire_id) == library_id:
            del self._in_library[wire_id]
