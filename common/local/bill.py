"""Bill of materials: every pinned package with its hashes and licence, as CycloneDX. Asks nobody.

Scanners read the bill and know which advisories are about it: osv-scanner, grype and trivy do.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

LOCK = "requirements.lock"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Package:
    name: str
    version: str
    hashes: tuple[str, ...]
    licence: str


def packages(lock: Path) -> Iterator[Package]:
    """What the lock file names. A licence is known of what is installed here."""
    for entry in re.split(r"\n(?=[A-Za-z0-9])", lock.read_text(encoding="utf-8")):
        if (pin := _PIN.match(entry)) is not None:
            yield Package(pin[1], pin[2], tuple(sorted(_HASH.findall(entry))), _licence_of(pin[1]))


def bill(found: Sequence[Package]) -> dict[str, object]:
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "pombo", "bom-ref": "pombo"}},
        "components": [
            {
                "type": "library",
                "bom-ref": f"pkg:pypi/{each.name}@{each.version}",
                "name": each.name,
                "version": each.version,
                "purl": f"pkg:pypi/{each.name}@{each.version}",
                # Of the files that may be installed: one of them is.
                "properties": [{"name": "sha256", "value": value} for value in each.hashes],
                "licenses": [{"license": {"name": each.licence}}] if each.licence else [],
            }
            for each in found
        ],
    }


def faults(found: Sequence[Package]) -> list[str]:
    """What makes an installation of this lock file other than what was tested."""
    wrong = [f"{each.name} is not pinned by a hash" for each in found if not each.hashes]
    # One package may be pinned twice, for different Pythons.
    pinned: dict[str, list[str]] = {}
    for each in found:
        pinned.setdefault(each.name, []).append(each.version)
    for name, versions in pinned.items():
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # meant for another platform or Python
        if installed not in versions:
            wrong.append(f"{name} is installed as {installed}, pinned as {' or '.join(versions)}")
    return wrong


def _licence_of(name: str) -> str:
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    if "License-Expression" in about:
        return str(about["License-Expression"])
    marks = [text.rpartition(" :: ")[2] for text in about.get_all("Classifier") or () if text.startswith("License ::")]
    return ", ".join(marks) or (str(about["License"]).partition("\n")[0] if "License" in about else "")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./pombo sbom", description=__doc__)
    parser.add_argument("--output", type=Path, help="a file (default: standard output)")
    parser.add_argument("--check", action="store_true", help="only say what is wrong with the lock files")
    options = parser.parse_args()
    root = Path(__file__).resolve().parents[2]
    if options.check:
        wrong = [fault for name in (LOCK, "requirements-dev.lock") for fault in faults(list(packages(root / name)))]
        sys.stderr.write("".join(f"{fault}\n" for fault in wrong))
        return 1 if wrong else 0
    text = json.dumps(bill(list(packages(root / LOCK))), indent=2) + "\n"
    if options.output is None:
        sys.stdout.write(text)
    else:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
