"""The environment of `./pombo`: when it is made, and from where uv comes."""

import hashlib
import http.server
import json
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.local import uv
from common.local.environment import DEVELOP, Environment
from common.local.package_index import configured_index, fetch_file, index_for_uv, pip_option

RUN = "requirements.lock"
INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL", "PIP_CONFIG_FILE", "PIP_CERT", "SSL_CERT_FILE")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout whose environment looks made."""
    for lock in (RUN, DEVELOP):
        (tmp_path / lock).write_text(f"{lock}\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    return tmp_path


@pytest.fixture
def without_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine whose person has configured nothing; the answer is the home folder."""
    for variable in INDEX_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    return tmp_path


def mark(root: Path, lock: str) -> None:
    sha256 = hashlib.sha256((root / lock).read_bytes()).hexdigest()
    (root / ".venv" / "pombo.json").write_text(json.dumps({"lock": lock, "sha256": sha256}))


def test_an_environment_of_the_same_lock_file_is_used_as_it_is(root: Path) -> None:
    mark(root, RUN)

    assert Environment(root).prepare(RUN) == root / ".venv" / "bin" / "python"
    assert not (root / ".cache").exists()


def test_an_environment_for_development_serves_for_running(root: Path) -> None:
    mark(root, DEVELOP)

    assert Environment(root).is_prepared(RUN)


def test_an_environment_for_running_does_not_serve_for_development(root: Path) -> None:
    mark(root, RUN)

    assert not Environment(root).is_prepared(DEVELOP)


def test_a_changed_lock_file_asks_for_a_new_installation(root: Path) -> None:
    mark(root, RUN)
    (root / RUN).write_text("more\n")

    assert not Environment(root).is_prepared(RUN)


@pytest.mark.parametrize("marker", ["", "{}", "null"])
def test_an_unreadable_marker_asks_for_a_new_installation(root: Path, marker: str) -> None:
    (root / ".venv" / "pombo.json").write_text(marker)

    assert not Environment(root).is_prepared(RUN)


def test_the_index_of_pips_personal_file_is_handed_to_uv(without_index: Path) -> None:
    personal = without_index / ".config" / "pip"
    personal.mkdir(parents=True)
    (personal / "pip.conf").write_text("[global]\nindex-url = http://127.0.0.1:1/simple\n")

    assert pip_option("index-url") == "http://127.0.0.1:1/simple"
    assert index_for_uv()["UV_DEFAULT_INDEX"] == "http://127.0.0.1:1/simple"


def test_uvs_own_variable_wins_over_pips(without_index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/pip")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:1/uv")

    assert configured_index() == "http://127.0.0.1:1/uv"
    assert "UV_DEFAULT_INDEX" not in index_for_uv()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """An index in the simple form with one file; it asks for a name and a password."""
    page = b'<a href="../../files/uv-1.whl#sha256=1">uv-1.whl</a>'

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers["Authorization"] == "Basic bmFtZTpwQHNz"
            self.send_response(200 if known else 401)
            self.end_headers()
            self.wfile.write({"/simple/uv/": page, "/files/uv-1.whl": b"wheel"}.get(self.path, b"") if known else b"")

        def log_message(self, *_: object) -> None:
            """Not into the output of the tests."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://name:p%40ss@127.0.0.1:{server.server_port}/simple"
        server.shutdown()
        thread.join()


def test_a_file_is_fetched_from_an_index_that_asks_for_a_password(index: str) -> None:
    assert fetch_file(index, "uv", "uv-1.whl") == b"wheel"


def test_a_file_that_the_index_does_not_have_is_an_error(index: str) -> None:
    with pytest.raises(ValueError, match=r"uv-2\.whl is not in the package index"):
        fetch_file(index, "uv", "uv-2.whl")


def test_a_wheel_with_another_content_than_the_pinned_one_is_not_unpacked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = tmp_path / "uv.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"uv-{uv.VERSION}.data/scripts/uv", "evil")

    assert not uv.unpack([wheel], tmp_path / "home")
    assert not (tmp_path / "home").exists()
    assert "not the pinned one" in capsys.readouterr().err


def test_a_uv_on_the_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "uv"
    program.write_text(f"#!{sys.executable}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert uv.find_uv(tmp_path / "home") == program
