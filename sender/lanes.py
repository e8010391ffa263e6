"""Lanes: the order of one instance's messages. Pure: the caller says what time it is."""

from collections import deque
from collections.abc import Callable, Collection, Iterable

from common.addresses import Jid
from common.tables.message import QueuedMessage


class Lanes:
    """One lane a chat, in order of acceptance; among chats that may go, the oldest head goes first.

    A chat that waits (retry, doubt) holds only itself. Times are seconds of the caller's clock.
    """

    def __init__(self, is_slow: Callable[[QueuedMessage], bool] = lambda message: False) -> None:
        self._is_slow = is_slow
        self._slow: set[int] = set()
        self._chats: dict[Jid, deque[QueuedMessage]] = {}
        self._known: set[int] = set()
        self._held: dict[Jid, float] = {}
        self._stale: set[Jid] = set()

    def __len__(self) -> int:
        return len(self._known)

    @property
    def known(self) -> list[int]:
        return list(self._known)

    def knows(self, number: int) -> bool:
        return number in self._known

    def held(self, now: float) -> list[Jid]:
        """The chats that may not go yet."""
        return [chat for chat, until in self._held.items() if until > now]

    def add(self, messages: Iterable[QueuedMessage]) -> int:
        """Take in rows, known ones ignored. How many were new. A row that committed late finds its place by id."""
        added = 0
        for message in messages:
            if message.id in self._known:
                continue
            self._known.add(message.id)
            if self._is_slow(message):
                self._slow.add(message.id)
            lane = self._chats.setdefault(message.chat, deque())
            behind = []
            while lane and lane[-1].id > message.id:
                behind.append(lane.pop())
            lane.append(message)
            lane.extend(reversed(behind))
            added += 1
        return added

    def next(self, now: float, ready: Collection[int] | None = None) -> QueuedMessage | None:
        """The message that should go now; it stays at the head of its lane until `done`.

        With `ready` a slow message goes only if it is among these.
        """
        heads = self._heads(now)
        if ready is not None and self._slow:
            heads = (head for head in heads if head.id not in self._slow or head.id in ready)
        return min(heads, key=lambda message: message.id, default=None)

    def slow(self, now: float) -> list[QueuedMessage]:
        """The slow messages that would go now, the oldest first."""
        if not self._slow:
            return []
        return sorted((head for head in self._heads(now) if head.id in self._slow), key=lambda message: message.id)

    def _heads(self, now: float) -> Iterable[QueuedMessage]:
        return (
            lane[0] for chat, lane in self._chats.items() if self._held.get(chat, 0) <= now and chat not in self._stale
        )

    def done(self, message: QueuedMessage) -> None:
        """The message is final or gone. No effect when it is not here."""
        if message.id not in self._known:
            return
        self._known.discard(message.id)
        self._slow.discard(message.id)
        lane = self._chats[message.chat]
        if lane[0].id == message.id:
            lane.popleft()
        else:
            # By its number: the row may have been fetched anew meanwhile.
            del lane[next(place for place, other in enumerate(lane) if other.id == message.id)]
        if not lane:
            del self._chats[message.chat]

    def hold(self, chat: Jid, until: float) -> None:
        self._held[chat] = max(until, self._held.get(chat, 0))

    def release(self, chat: Jid, until: float) -> None:
        """Undo this very hold; no effect when the chat is held for something else."""
        if self._held.get(chat) == until:
            del self._held[chat]

    def changed(self, chat: Jid) -> None:
        """A message of this chat may wait again that goes before those here: nothing of the chat goes until a fetch
        that began later than this."""
        self._stale.add(chat)

    def all_changed(self) -> None:
        """As `changed`, of every chat."""
        self._stale.update(self._chats)

    def fetching(self) -> None:
        """A fetch begins. Chats that have changed are fetched anew: what is here is where their queue begins."""
        for chat in self._stale:
            gone = {message.id for message in self._chats.pop(chat, ())}
            self._known -= gone
            self._slow -= gone
        self._stale.clear()

    def wakes_at(self, now: float, *, also_empty: bool = False) -> float | None:
        """When the first chat that is held and has messages here (or any chat) may go. None: nothing waits for time."""
        self._held = {chat: until for chat, until in self._held.items() if until > now}
        waiting = (until for chat, until in self._held.items() if also_empty or chat in self._chats)
        return min(waiting, default=None)
