"""Each documented variant is either compared with its form in a test here, or listed as not reported."""

import re
from pathlib import Path

from tests.sender.translation.contract import VARIANTS

HERE = Path(__file__).parent
README = HERE.parents[2] / "sender" / "translation" / "README.md"


def test_every_variant_is_tested_or_listed_as_not_reported() -> None:
    told = {
        name
        for file in ("test_messages.py", "test_notices.py", "../test_unsealing.py")
        for name in re.findall(r'"((?:received|status|presence)-[a-z0-9-]+|delivery|connected|disconnected)"',
                               (HERE / file).read_text())
    }  # fmt: skip
    table = README.read_text().partition("Told in part")[0]
    unreported = set(re.findall(r"^\| (received-[a-z0-9-]+) \|", table, re.MULTILINE))
    assert unreported <= VARIANTS.keys()
    assert told & unreported == set()
    assert VARIANTS.keys() - told - unreported == set()
