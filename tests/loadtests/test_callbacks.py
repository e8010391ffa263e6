"""The rules for a receiver's log find what breaks them, and nothing where all is well."""

from dataclasses import replace

from loadtests.history.callbacks import Arrival, judge

GIVEN = {"A": 4, "B": 2}
DOOMED = {("A", 3): "http-500"}


def arrivals(instance: str, *seqs: int) -> list[Arrival]:
    return [Arrival(instance, seq, 1, "200", was_taken=(instance, seq) not in DOOMED) for seq in seqs]


WELL = [*arrivals("A", 1, 2, 3, 3, 4), *arrivals("B", 1, 2)]


def test_a_log_with_every_event_in_order_holds_and_repeats_are_counted() -> None:
    verdict = judge(GIVEN, [*WELL, *arrivals("A", 2)], DOOMED, DOOMED)
    assert verdict.holds
    assert (verdict.events, verdict.requests, verdict.told_again) == (6, 8, 1)
    assert verdict.letters == {"http-500": 1}


def test_an_event_that_never_arrived_is_missing() -> None:
    assert judge(GIVEN, WELL[:-1], DOOMED, DOOMED).missing == [("B", 2)]


def test_an_event_that_arrived_but_was_never_taken_is_missing() -> None:
    untaken = [*WELL[:-1], replace(WELL[-1], was_taken=False)]
    assert judge(GIVEN, untaken, DOOMED, DOOMED).missing == [("B", 2)]


def test_an_event_before_its_predecessor_is_out_of_order() -> None:
    swapped = [*arrivals("B", 2, 1), *WELL[:-2]]
    assert judge(GIVEN, swapped, DOOMED, DOOMED).disordered == [("B", 2)]


def test_a_dead_letter_of_what_is_not_doomed_or_of_another_class_is_unfounded() -> None:
    assert judge(GIVEN, WELL, {**DOOMED, ("B", 1): "timeout"}, DOOMED).unfounded == [("B", 1)]
    assert judge(GIVEN, WELL, {("A", 3): "timeout"}, DOOMED).unfounded == [("A", 3)]


def test_a_doomed_event_without_its_dead_letter_is_unfounded() -> None:
    verdict = judge(GIVEN, WELL, {}, DOOMED)
    assert (verdict.unfounded, verdict.missing) == ([("A", 3)], [("A", 3)])
