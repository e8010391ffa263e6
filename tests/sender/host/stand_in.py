"""A session host with a stand-in for the library, for tests of what is around it."""

from pathlib import Path
from typing import cast

PROGRAM = (str(Path(__file__)),)

if __name__ == "__main__":
    from fake_library import FakeLibrary  # beside this file: a program has no `tests` package

    from sender.host.__main__ import main
    from sender.whatsapp.neonize.library import Library

    main(lambda _: cast(Library, FakeLibrary()))
