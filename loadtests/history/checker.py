"""The checker: every rule of the promise, held against a history. One violation a finding, named by its rule."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from loadtests.history.events import FINAL, Accepted, History, Owned, Sent

CLOCKS = 0.02  # seconds by which stamps of two processes on one machine may be out of order
DECIDED = ("sent", "delivered", "read", "played", "failed", "expired")
"""What a customer is told of by a callback."""


@dataclass(frozen=True, slots=True)
class Violation:
    rule: str
    detail: str


def check(history: History) -> list[Violation]:
    """All violations, by rule. An empty list is the proof that this run kept the promise."""
    return [Violation(rule, detail) for rule, look in RULES.items() for detail in look(history)]


def count(violations: Iterable[Violation], *rules: str) -> int:
    return sum(violation.rule in rules for violation in violations)


def lost(history: History) -> Iterator[str]:
    """What a client was told is accepted has a row, and a row never goes without a final state."""
    rows = {accepted.message_id: accepted.row for accepted in history.accepted}
    for answered in history.answered:
        if answered.message_id not in rows:
            yield f"{answered.message_id} was accepted and has no row"
    for accepted in history.accepted:
        fate = history.fates.get(accepted.row)
        if fate is None:
            yield f"row {accepted.row} is nowhere"
        elif history.is_over and fate not in (*FINAL, "uncertain"):
            yield f"row {accepted.row} is still {fate}"


def unsent(history: History) -> Iterator[str]:
    """What is recorded as sent was on the wire."""
    left = {accepted.row for _, accepted in on_wire(history)}
    for accepted in history.accepted:
        fate = history.fates.get(accepted.row)
        if accepted.row in history.assumed:
            continue
        if fate in ("sent", "delivered", "read", "played") and accepted.row not in left:
            yield f"row {accepted.row} is {fate} and was never on the wire"


def doubled(history: History) -> Iterator[str]:
    """One row goes on the wire once, unless its instance's policy is to send again."""
    times = Counter(accepted.row for _, accepted in on_wire(history))
    for accepted in history.accepted:
        if times[accepted.row] > 1 and accepted.instance not in history.resend:
            yield f"row {accepted.row} of {accepted.instance} was sent {times[accepted.row]} times"


def two_ids(history: History) -> Iterator[str]:
    """One row has one id on the wire, unless its instance's policy is to send again without the relay."""
    ids: dict[int, set[str]] = defaultdict(set)
    for sent, accepted in on_wire(history):
        ids[accepted.row].add(sent.whatsapp_id)
    for accepted in history.accepted:
        may_differ = accepted.instance in history.resend and not history.keeps_ids
        if len(ids[accepted.row]) > 1 and not may_differ:
            yield f"row {accepted.row} was sent as {' and '.join(sorted(ids[accepted.row]))}"


def unknown(history: History) -> Iterator[str]:
    """Everything on the wire is an accepted message, under the id that its caller was given or that was noted before
    it left."""
    known = _rows_by_id(history)
    for sent in history.sent:
        if (sent.instance, sent.whatsapp_id) not in known:
            yield f"{sent.whatsapp_id} of {sent.instance} was sent and belongs to no row"


def reordered(history: History) -> Iterator[str]:
    """In each chat the wire has the order of acceptance; a repeated send counts where it was first."""
    last: dict[tuple[str, str], Accepted] = {}
    seen: set[int] = set()
    for _, accepted in sorted(on_wire(history), key=lambda pair: pair[0].at):
        if accepted.row in seen:
            continue
        seen.add(accepted.row)
        before = last.get((accepted.instance, accepted.chat))
        if before is not None and before.row > accepted.row:
            yield f"row {accepted.row} was sent after row {before.row} of its chat"
        else:
            last[accepted.instance, accepted.chat] = accepted


def stale_write(history: History) -> Iterator[str]:
    """No write of an owner is accepted after its epoch has ended."""
    tenures = _tenures(history.owned)
    shards = {accepted.row: accepted.shard for accepted in history.accepted}
    for written in history.written:
        if written.epoch is None or written.row not in shards:
            continue
        owner = _owner_at(tenures[shards[written.row]], written.at)
        if owner is not None and owner.epoch > written.epoch:
            yield f"row {written.row} became {written.status} by epoch {written.epoch} under epoch {owner.epoch}"


def stale_send(history: History) -> Iterator[str]:
    """Nothing goes on the wire from a node that does not own the shard at that moment."""
    tenures = _tenures(history.owned)
    shards = {accepted.instance: accepted.shard for accepted in history.accepted}
    for sent in history.sent:
        if sent.instance not in shards:
            continue
        known = tenures[shards[sent.instance]]
        # A tenure counts until the next one begins: the end of a send may be a stamp late, never its beginning early.
        possible = {_name_of(_owner_at(known, sent.at + late)) for late in (-CLOCKS, 0.0, CLOCKS)}
        if sent.node not in possible:
            owner = _name_of(_owner_at(known, sent.at))
            yield f"{sent.whatsapp_id} was sent by {sent.node} while the owner was {owner}"


def connected_twice(history: History) -> Iterator[str]:
    """No device has two connections for longer than it takes to end the older one."""
    open_at: dict[str, dict[str, float]] = defaultdict(dict)
    for connection in sorted(history.connections, key=lambda connection: connection.at):
        others = open_at[connection.instance]
        if connection.is_open:
            others[connection.node] = connection.at
            continue
        began = others.pop(connection.node, None)
        for node, since in others.items():
            if began is not None and connection.at - max(began, since) > history.kick:
                together = connection.at - max(began, since)
                yield f"{connection.instance} was open at {connection.node} and {node} for {together:.2f} s"


def unsettled(history: History) -> Iterator[str]:
    """A message whose outcome was lost is said to be so, and settled where its instance's policy settles it: `sending`
    is never how it ends, and `uncertain` only with those that hold."""
    for accepted in history.accepted if history.is_over else ():
        fate = history.fates.get(accepted.row)
        if fate == "sending":
            yield f"row {accepted.row} is still being sent"
        elif fate == "uncertain" and accepted.instance not in history.holds:
            yield f"row {accepted.row} is still in doubt"


def paced(history: History) -> Iterator[str]:
    """Two sends of one instance are never closer than its shortest pause."""
    last: dict[str, float] = {}
    for sent in sorted(history.sent, key=lambda sent: sent.at):
        before = last.get(sent.instance)
        if before is not None and sent.at - before < history.minimum_pause - CLOCKS:
            yield f"{sent.instance} sent {sent.whatsapp_id} only {sent.at - before:.3f} s after the one before"
        last[sent.instance] = sent.at


def mismatched(history: History) -> Iterator[str]:
    """An answer belongs to its question."""
    for asked in history.asked:
        if asked.got is not None and asked.expected not in asked.got:
            yield f"{asked.question} got the answer of another question"


def webhook_gap(history: History) -> Iterator[str]:
    """The webhook rows of an instance are numbered without a gap and without a double."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for webhook in history.webhooks:
        numbers[webhook.instance].append(webhook.number)
    for instance, found in numbers.items():
        if sorted(found) != list(range(min(found), min(found) + len(found))):
            yield f"the webhooks of {instance} are not numbered in one row"


def untold(history: History) -> Iterator[str]:
    """What was decided of a message has a webhook row, written in the transaction that decided."""
    told = {(webhook.instance, webhook.about) for webhook in history.webhooks if webhook.about is not None}
    for accepted in history.accepted:
        if accepted.instance not in history.tells or (accepted.instance, accepted.message_id) in told:
            continue
        if (fate := history.fates.get(accepted.row)) in (*DECIDED, "uncertain"):
            yield f"row {accepted.row} is {fate} and no webhook row says so"


def called_out_of_order(history: History) -> Iterator[str]:
    """A receiver is called in the order of the rows; a repeated call counts where it was first."""
    last: dict[str, int] = {}
    seen: set[tuple[str, int]] = set()
    for called in sorted(history.called, key=lambda called: called.at):
        if (called.instance, called.number) in seen:
            continue
        seen.add((called.instance, called.number))
        if called.number < last.get(called.instance, 0):
            yield f"{called.instance} was told {called.number} after {last[called.instance]}"
        else:
            last[called.instance] = called.number


RULES: dict[str, Callable[[History], Iterator[str]]] = {
    "lost": lost,
    "unsent": unsent,
    "doubled": doubled,
    "two ids": two_ids,
    "unknown": unknown,
    "reordered": reordered,
    "stale write": stale_write,
    "stale send": stale_send,
    "connected twice": connected_twice,
    "unsettled": unsettled,
    "paced": paced,
    "mismatched": mismatched,
    "webhook gap": webhook_gap,
    "untold": untold,
    "called out of order": called_out_of_order,
}


def _rows_by_id(history: History) -> dict[tuple[str, str], Accepted]:
    """By instance and id of the wire: the one that the caller was given, and those that the engine chose instead."""
    rows = {accepted.row: accepted for accepted in history.accepted}
    found = {(accepted.instance, accepted.message_id): accepted for accepted in history.accepted}
    for noted in history.noted:
        if (accepted := rows.get(noted.row)) is not None:
            found[accepted.instance, noted.whatsapp_id] = accepted
    return found


def on_wire(history: History) -> list[tuple[Sent, Accepted]]:
    """What was on the wire, each with its row."""
    rows = _rows_by_id(history)
    pairs = ((sent, rows.get((sent.instance, sent.whatsapp_id))) for sent in history.sent)
    return [(sent, accepted) for sent, accepted in pairs if accepted is not None]


def _tenures(owned: Iterable[Owned]) -> defaultdict[int, list[Owned]]:
    """By shard, in order of time."""
    tenures: defaultdict[int, list[Owned]] = defaultdict(list)
    for each in sorted(owned, key=lambda each: (each.at, each.epoch)):
        tenures[each.shard].append(each)
    return tenures


def _owner_at(tenures: list[Owned], at: float) -> Owned | None:
    place = bisect_right(tenures, at, key=lambda owned: owned.at)
    return tenures[place - 1] if place else None


def _name_of(owned: Owned | None) -> str | None:
    return None if owned is None else owned.node
