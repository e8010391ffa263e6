"""What is known against pinned packages, told by a database that a test plays."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from common.local.advisories import MOST, Unreachable, ask_database, known_against
from common.local.processes import free_port


class Database(BaseHTTPRequestHandler):
    """Knows one thing against one package."""

    def do_POST(self) -> None:
        question = json.loads(self.rfile.read(int(self.headers["content-length"])))
        body = json.dumps(answer_to(question)).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing is told."""


def answer_to(question: dict[str, Any]) -> dict[str, Any]:
    bad = {"package": {"name": "leftpad", "ecosystem": "PyPI"}, "version": "1.0"}
    return {
        "results": [
            {"vulns": [{"id": "GHSA-2"}, {"id": "GHSA-1"}]} if each == bad else {} for each in question["queries"]
        ]
    }


@pytest.fixture
def database() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Database) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_what_is_known_is_told_by_package_and_version(database: str) -> None:
    pins = [("leftpad", "1.0"), ("leftpad", "1.1"), ("rightpad", "1.0")]
    found = known_against(pins, lambda question: ask_database(question, database))
    assert found == {("leftpad", "1.0"): ["GHSA-1", "GHSA-2"]}


def test_many_packages_are_asked_about_in_several_questions() -> None:
    asked: list[int] = []

    def ask(question: dict[str, Any]) -> dict[str, Any]:
        asked.append(len(question["queries"]))
        return answer_to(question)

    pins = [(f"package-{number}", "1") for number in range(MOST)] + [("leftpad", "1.0")]
    assert list(known_against(pins, ask)) == [("leftpad", "1.0")]
    assert asked == [MOST, 1]


def test_without_a_network_nothing_is_said_to_be_fine() -> None:
    with pytest.raises(Unreachable, match="nothing is known"):
        ask_database({"queries": []}, f"http://127.0.0.1:{free_port()}/")


@pytest.mark.parametrize("answer", [{}, {"results": []}, {"results": None}])
def test_an_answer_that_is_not_understood_is_no_answer(answer: dict[str, Any]) -> None:
    with pytest.raises(Unreachable):
        known_against([("leftpad", "1.0")], lambda question: answer)
