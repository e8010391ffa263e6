"""The images: linted, small in what goes in, and started as programs that exist."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "k8s" / "Dockerfile"


def test_the_dockerfile_is_in_hadolints_style() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, DOCKERFILE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_image_starts_a_program_that_exists_as_nobody_special() -> None:
    text = DOCKERFILE.read_text()
    assert re.findall(r"^FROM .* AS (\w+)$", text, re.MULTILINE)[-2:] == ["frontend", "sender"]
    for module in re.findall(r'^CMD \["-m", "(\w+)"\]$', text, re.MULTILINE):
        assert find_spec(f"{module}.__main__") is not None
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["10001:10001"]


def test_only_what_the_images_hold_is_sent_to_the_builder() -> None:
    copied = set(re.findall(r"^COPY (?!--from)(\S+)", DOCKERFILE.read_text(), re.MULTILINE))
    lines = (ROOT / "k8s" / "Dockerfile.dockerignore").read_text().splitlines()
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied
    assert lines[1] == "*"
    assert all((ROOT / name).exists() for name in copied)
