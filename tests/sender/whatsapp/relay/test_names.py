from sender.whatsapp.relay.names import Names


def test_only_the_newest_names_are_remembered() -> None:
    names = Names(kept=2)
    for number in range(3):
        names.add(f"library {number}", f"wire {number}")
    assert [names.on_wire(f"library {number}") for number in range(3)] == [None, "wire 1", "wire 2"]
    assert [names.in_library(f"wire {number}") for number in range(3)] == [None, "library 1", "library 2"]


def test_a_second_try_is_what_the_wire_speaks_of() -> None:
    names = Names(kept=2)
    names.add("first try", "wire")
    names.add("second try", "wire")
    assert names.in_library("wire") == "second try"
    names.add("another", "other")
    assert names.in_library("wire") == "second try"


def test_a_closed_name_is_still_known_and_open_again_under_another() -> None:
    names = Names()
    names.add("first try", "wire")
    names.close("first try")
    names.close("unknown")
    assert names.is_closed("first try")
    assert names.on_wire("first try") == "wire"
    names.add("second try", "wire")
    assert not names.is_closed("second try")
    assert not names.is_closed("unknown")


def test_the_library_is_trusted_to_remember_only_what_it_wrote_last() -> None:
    names = Names(remembered=2)
    for number in range(3):
        names.add(f"library {number}", f"wire {number}")
    assert [names.is_remembered(f"wire {number}") for number in range(4)] == [False, True, True, False]
    names.add("anew", "wire 0")
    assert [names.is_remembered(f"wire {number}") for number in range(4)] == [True, False, True, False]


def test_what_is_forgotten_leaves_nothing_behind() -> None:
    names = Names(kept=1)
    names.add("library 0", "wire 0")
    names.close("library 0")
    names.add("library 1", "wire 1")
    names.add("library 0", "wire 2")
    assert not names.is_closed("library 0")
