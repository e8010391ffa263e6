"""What only benchmarks use, in an environment of its own: gevent patches what it meets, so locust must never be
installed where our programs and the tests run."""

from pathlib import Path

from common.local.environment import Environment
from common.local.programs import ROOT

LOCK = "loadtests/requirements.lock"


def python_with_tools() -> Path:
    """A python with locust, matplotlib and procrastinate; made on the first call. Raises SetupFailed."""
    return Environment(ROOT, ROOT / ".cache" / "bench").prepare(LOCK)
