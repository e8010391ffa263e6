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
