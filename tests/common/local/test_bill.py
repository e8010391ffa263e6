"""The bill of materials, and what would make it untrue."""

from pathlib import Path

from common.local.bill import bill, faults, packages

ROOT = Path(__file__).resolve().parents[3]
HASH = "a" * 64


def test_every_pinned_package_is_on_the_bill_with_hashes() -> None:
    found = list(packages(ROOT / "requirements.lock"))
    lines = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line]
    assert len(found) == len(lines)
    assert all(each.hashes for each in found)
    assert faults(found) == []
    listed = {component["purl"]: component for component in bill(found)["components"]}  # type: ignore[attr-defined]
    assert any(purl.startswith("pkg:pypi/neonize@") for purl in listed)
    assert len(listed) == len(found)


def test_a_package_without_a_hash_or_in_another_version_is_a_fault(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text(f"pytest==0.0.1 \\\n    --hash=sha256:{HASH}\nnot-to-be-had==1.0\n")
    named, absent = packages(lock)
    assert (named.hashes, absent.hashes) == ((HASH,), ())
    assert [fault.split(" is ")[0] for fault in faults([named, absent])] == ["not-to-be-had", "pytest"]
