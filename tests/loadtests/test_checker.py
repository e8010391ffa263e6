"""The checker finds every kind of violation that is planted, and nothing in a history without one."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from loadtests.history.checker import RULES, check, count
from loadtests.history.events import (
    Accepted,
    Answered,
    Asked,
    Called,
    Connection,
    History,
    Noted,
    Owned,
    Sent,
    Webhook,
    Written,
)

SHARD = 7


def sound() -> History:
    """Two chats, four messages, a hand-off from one node to another in the middle, an answer, three webhooks."""
    accepted = [Accepted(1.0 + row / 10, row, "i", SHARD, "ab"[row % 2], f"m{row}") for row in range(1, 5)]
    sent = [Sent(2.0 + row, "one" if row < 3 else "two", "i", "ab"[row % 2], f"m{row}") for row in range(1, 5)]
    return History(
        accepted=accepted,
        answered=[Answered(each.at + 0.01, each.message_id) for each in accepted],
        owned=[Owned(0.0, SHARD, 1, "one"), Owned(4.5, SHARD, 1, None), Owned(4.6, SHARD, 2, "two")],
        written=[
            Written(2.0 + row + late, row, status, 1 if row < 3 else 2, "one" if row < 3 else "two")
            for row in range(1, 5)
            for late, status in ((-0.1, "sending"), (0.1, "sent"))
        ],
        sent=sent,
        connections=[
            Connection(0.1, "one", "i", True),
            Connection(4.4, "one", "i", False),
            Connection(4.7, "two", "i", True),
            Connection(9.0, "two", "i", False),
        ],
        asked=[Asked(3.0, "q1", "i", "code of i"), Asked(3.1, "q2", "j", None)],
        webhooks=[Webhook(3.0, "i", number, f"m{number - 3}") for number in (5, 4, 6, 7)],
        called=[Called(5.0 + number / 10, "i", number) for number in (4, 5, 6, 7)],
        holds=frozenset({"i"}),
        tells=frozenset({"i"}),
        minimum_pause=1.0,
        fates=dict.fromkeys(range(1, 5), "delivered"),
    )


def test_a_sound_history_has_no_violations() -> None:
    assert check(sound()) == []


def row_is_gone(history: History) -> None:
    del history.fates[2]


def row_never_ends(history: History) -> None:
    history.fates[2] = "queued"


def answer_without_a_row(history: History) -> None:
    history.answered = [*history.answered, Answered(9.0, "m9")]


def recorded_but_never_on_the_wire(history: History) -> None:
    history.sent = history.sent[:-1]


def sent_twice(history: History) -> None:
    history.sent = [*history.sent, Sent(8.0, "two", "i", "b", "m1")]


def sent_under_an_unknown_id(history: History) -> None:
    history.sent = [*history.sent, Sent(8.0, "two", "i", "b", "another")]


def sent_under_a_second_id(history: History) -> None:
    """Both noted before they left, as where the engine chooses the id."""
    history.noted = [Noted(2, "first"), Noted(2, "second")]
    history.sent = [
        history.sent[0], replace(history.sent[1], whatsapp_id="first"), *history.sent[2:],
        Sent(8.0, "two", "i", "a", "second"),
    ]  # fmt: skip
    history.resend = frozenset()


def chat_out_of_order(history: History) -> None:
    first, second, third, fourth = history.sent
    history.sent = [replace(third, at=3.0, node="one"), second, replace(first, at=5.0, node="two"), fourth]


def old_epoch_is_accepted(history: History) -> None:
    history.written = [*history.written, Written(5.0, 1, "uncertain", 1, "one")]


def old_owner_sends(history: History) -> None:
    history.sent = [history.sent[0], history.sent[1], replace(history.sent[2], node="one"), history.sent[3]]


def sent_by_nobody_in_charge(history: History) -> None:
    history.sent = [history.sent[0], replace(history.sent[1], at=4.55), *history.sent[2:]]


def two_connections(history: History) -> None:
    one, closed, *others = history.connections
    history.connections = [one, replace(closed, at=6.0), *others]


def left_in_sending(history: History) -> None:
    history.fates[4] = "sending"


def left_in_doubt(history: History) -> None:
    history.fates[4] = "uncertain"
    history.holds = frozenset()


def faster_than_the_pace(history: History) -> None:
    history.sent = [history.sent[0], replace(history.sent[1], at=3.5), *history.sent[2:]]


def answer_of_another(history: History) -> None:
    history.asked = [Asked(3.0, "q1", "i", "code of j")]


def webhook_is_missing(history: History) -> None:
    history.webhooks = [replace(each, number=9) if each.number == 5 else each for each in history.webhooks]


def webhook_is_doubled(history: History) -> None:
    history.webhooks = [*history.webhooks, Webhook(3.0, "i", 5)]


def decided_without_a_webhook_row(history: History) -> None:
    history.webhooks = [replace(each, about=None) if each.number == 5 else each for each in history.webhooks]


def called_in_another_order(history: History) -> None:
    history.called = [replace(each, at=9.0) if each.number == 5 else each for each in history.called]


PLANTED: list[tuple[str, Callable[[History], None]]] = [
    ("lost", row_is_gone),
    ("lost", row_never_ends),
    ("lost", answer_without_a_row),
    ("unsent", recorded_but_never_on_the_wire),
    ("doubled", sent_twice),
    ("unknown", sent_under_an_unknown_id),
    ("two ids", sent_under_a_second_id),
    ("reordered", chat_out_of_order),
    ("stale write", old_epoch_is_accepted),
    ("stale send", old_owner_sends),
    ("stale send", sent_by_nobody_in_charge),
    ("connected twice", two_connections),
    ("unsettled", left_in_sending),
    ("unsettled", left_in_doubt),
    ("paced", faster_than_the_pace),
    ("mismatched", answer_of_another),
    ("webhook gap", webhook_is_missing),
    ("webhook gap", webhook_is_doubled),
    ("untold", decided_without_a_webhook_row),
    ("called out of order", called_in_another_order),
]


@pytest.mark.parametrize(("rule", "plant"), PLANTED, ids=[plant.__name__ for _, plant in PLANTED])
def test_a_planted_violation_is_found(rule: str, plant: Callable[[History], None]) -> None:
    history = sound()
    plant(history)
    assert count(check(history), rule) == 1


def test_every_rule_has_a_planted_violation() -> None:
    assert {rule for rule, _ in PLANTED} == set(RULES)


def test_a_second_send_is_allowed_where_the_policy_says_so() -> None:
    history = sound()
    sent_twice(history)
    history.resend = frozenset({"i"})
    assert check(history) == []


def test_a_send_just_before_a_takeover_is_its_owners_own() -> None:
    history = sound()
    history.sent = [history.sent[0], replace(history.sent[1], at=4.51), *history.sent[2:]]
    history.minimum_pause = 0.0
    assert check(history) == []


def test_what_waits_in_a_run_that_goes_on_is_not_lost() -> None:
    history = sound()
    history.fates[4] = "sending"
    history.sent = history.sent[:-1]
    history.is_over = False
    assert check(history) == []


def test_a_repeated_call_of_a_receiver_counts_where_it_was_first() -> None:
    history = sound()
    history.called = [*history.called, Called(9.0, "i", 4)]
    assert check(history) == []


def test_what_the_policy_called_sent_need_not_have_been_on_the_wire() -> None:
    history = sound()
    recorded_but_never_on_the_wire(history)
    history.assumed = frozenset({4})
    assert check(history) == []
