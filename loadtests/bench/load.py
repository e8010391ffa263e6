"""`./pombo bench load`: locust's scenarios against a local stack, without a window or with its web page."""

import argparse
import asyncio
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from common.local.processes import free_port
from common.local.programs import ROOT
from loadtests.measure.processor import Meter
from loadtests.measure.report import RESULTS, keep, table
from loadtests.measure.stack import BenchInstance, BenchStack, bench_stack, prepare
from loadtests.measure.tools import python_with_tools

FOLDER = RESULTS / "load"
LOCUSTFILE = ROOT / "loadtests" / "locustfile.py"
ADDRESS = "127.0.0.1"
STORES = ("postgres", "valkey")


def main() -> None:
    parser = argparse.ArgumentParser(prog="./pombo bench load")
    parser.add_argument("--seconds", type=int, default=60, help="of the run (default 60)")
    parser.add_argument("--users", type=int, default=100, help="clients at once (default 100)")
    parser.add_argument("--pace", type=float, default=2.0, help="requests a second of a client, at most (default 2)")
    parser.add_argument("--tenants", type=int, default=10, help="customers; the first asks most (default 10)")
    parser.add_argument("--instances", type=int, default=5, help="of each customer (default 5)")
    parser.add_argument("--frontends", type=int, default=1)
    parser.add_argument("--senders", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1, help="locust processes that share the clients")
    parser.add_argument("--web", action="store_true", help="locust's own page instead of a run, until Ctrl-C")
    options = parser.parse_args()
    python = python_with_tools()
    with tempfile.TemporaryDirectory(prefix="pombo-bench-") as folder, bench_stack(Path(folder)) as stack:
        targets = start(stack, options)
        meter = Meter(stack.pids)
        status = run_locust(python, targets, stack, options)
        used = meter.read()
    if options.web:
        return
    rows = read_statistics(FOLDER / "load_stats.csv")
    text = report(rows, used, options)
    sys.stdout.write(f"{text}\n\nkept in {keep('load/summary', 'Scenarios', text)}, beside locust's CSV and HTML\n")
    sys.exit(status)


def start(stack: BenchStack, options: argparse.Namespace) -> Path:
    """Instances and programs, and the file that tells locust of them."""
    instances = asyncio.run(prepare(stack, options.tenants * options.instances))
    settings = {"WEBHOOK_HTTP_HOSTS": ADDRESS, "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8"}
    hosts = []
    for number in range(options.frontends):
        port = stack.start_frontend(f"frontend-{number + 1}", **settings)
        hosts.append(f"http://{ADDRESS}:{port}")
    for number in range(options.senders):
        stack.start_sender(f"sender-{number + 1}", NODE_ID=f"sender-{number + 1}", **settings)
    targets = stack.folder / "targets.json"
    targets.touch(mode=0o600)
    tenants = customers(instances, options.tenants)
    targets.write_text(json.dumps({"clientToken": stack.client_token, "hosts": hosts, "tenants": tenants}))
    return targets


def customers(instances: Sequence[BenchInstance], count: int) -> list[dict[str, object]]:
    """The second asks half as often as the first, the third a third: most traffic is that of few."""
    size = len(instances) // count
    return [
        {
            "name": f"tenant-{place + 1}",
            "weight": 1 / (place + 1),
            "instances": [[one.id.hex.upper(), one.token] for one in instances[place * size : (place + 1) * size]],
        }
        for place in range(count)
    ]


def run_locust(python: Path, targets: Path, stack: BenchStack, options: argparse.Namespace) -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    host = f"http://{ADDRESS}:{stack.ports['frontend-1']}"
    command = [str(python), "-m", "locust", "-f", str(LOCUSTFILE), "--host", host, "--users", str(options.users)]
    command += ["--spawn-rate", str(max(1, options.users / 5))]
    if options.web:
        command += ["--web-host", ADDRESS, "--web-port", str(free_port())]
    else:
        command += ["--headless", "--run-time", f"{options.seconds}s", "--only-summary"]
        command += ["--csv", str(FOLDER / "load"), "--html", str(FOLDER / "load.html")]
    if options.workers > 1:
        command += ["--processes", str(options.workers)]
    variables = {
        **os.environ,
        "LOAD_WORKERS": str(options.workers),
        "LOAD_TARGETS": str(targets),
        "LOAD_PACE": str(options.pace),
        "LOAD_HOOKS": ADDRESS,
    }
    return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode


def read_statistics(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def report(rows: Sequence[dict[str, str]], used: dict[str, float], options: argparse.Namespace) -> str:
    head = ["", "requests", "failed", "a second", "p50 ms", "p95 ms", "p99 ms"]
    shown = [
        [
            f"{row['Type']} {row['Name']}".strip(),
            row["Request Count"],
            row["Failure Count"],
            f"{float(row['Requests/s']):,.1f}",
            *(row[share] for share in ("50%", "95%", "99%")),
        ]
        for row in rows
        if row["Name"] != "Aggregated"
    ]
    accepted = sum(int(row["Request Count"]) for row in rows if row["Type"] == "POST")
    costs = [[name, f"{seconds / max(1, accepted) * 1e6:,.0f}"] for name, seconds in used.items()]
    return (
        f"{options.users} clients of {options.tenants} customers with {options.instances} instances each for "
        f"{options.seconds} s, {options.frontends} frontends, {options.senders} senders on the simulated engine, "
        f"locust beside them on the same {os.cpu_count()} cores. A row HOOK counts from the request to the callback "
        f"that tells of its delivery.\n\n{table(head, shown)}\n\nEvery message is accepted, sent, told by a callback; "
        f"a tenth of the clients looks at queues:\n\n{table(['', 'processor us of a message'], costs)}"
    )


if __name__ == "__main__":
    main()
