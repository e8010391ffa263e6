"""Every alert fires when it should and not when it should not; each has a section that says what to do."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.settings import parse_duration
from k8s.alerts.rules import ALERTS
from k8s.build import built
from tests.k8s.promql import Storage, expand, fires

FOLDER = Path(__file__).resolve().parents[2] / "k8s"
CASES: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts" / "rules_test.yaml").read_text())["tests"]
STEP = 60.0  # seconds between two evaluations, as the cases say


@pytest.mark.parametrize("path", sorted(built()), ids=lambda path: path.name)
def test_what_is_built_from_code_is_what_is_there(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == built()[path], "run: python -m k8s.build"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_an_alert_fires_only_when_it_should(case: dict[str, Any]) -> None:
    storage = Storage({each["series"]: each["values"] for each in case["input_series"]}, seconds(case["interval"]))
    for asked in case["alert_rule_test"]:
        alert = next(each for each in ALERTS if each.name == asked["alertname"])
        stands = fires(storage, alert.expression, seconds(alert.lasts), seconds(asked["eval_time"]), STEP)
        assert stands == bool(asked["exp_alerts"])


def test_every_alert_has_both_cases() -> None:
    cases = {(asked["alertname"], bool(asked["exp_alerts"])) for case in CASES for asked in case["alert_rule_test"]}
    assert cases == {(alert.name, fires) for alert in ALERTS for fires in (True, False)}


def test_prometheus_own_tool_agrees_where_it_is_installed() -> None:
    """Without promtool (Debian: prometheus) the cases above have run all the same, in our own evaluator."""
    if (tool := shutil.which("promtool")) is not None:
        done = subprocess.run(
            [tool, "test", "rules", "rules_test.yaml"],
            cwd=FOLDER / "alerts",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_has_a_section_on_what_to_do(alert: Any) -> None:
    sections = re.findall(r"^#+ (Pombo\w+)$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert sections.count(alert.name) == 1


def test_the_notation_of_series_is_promtools() -> None:
    assert expand("0+10x2 7 _ 3-1x1 5x1") == [0, 10, 20, 7, None, 3, 2, 5, 5]


def seconds(text: str) -> float:
    duration: Any = parse_duration(text)
    return float(duration.total_seconds())
