"""The commands of `./pombo`, run inside its environment."""

import argparse
import json
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from common.local import chores
from common.local.assembly import Wanted
from common.local.commands import say
from common.local.data_folder import DataFolder, Record
from common.local.gateway import Gateway, Instance, Refused
from common.local.http import Unreachable
from common.local.link import link
from common.local.nodes import Operator, shown
from common.local.processes import StartFailed, tail
from common.local.programs import ROOT
from common.local.seed import seed
from common.local.stack import Stack

LOOK = 0.3  # seconds between two looks at the processes of a stack in the foreground
CHORES = {
    "test": chores.test,
    "check": chores.check,
    "bench": chores.bench,
    "migrate": chores.migrate,
    "rekey": chores.rekey,
    "openapi": chores.openapi,
    "sbom": chores.sbom,
    "statements": chores.statements,
}


def main(arguments: Sequence[str]) -> int:
    command, rest = arguments[0], arguments[1:]
    if command in CHORES:
        return CHORES[command](rest)
    options = parser().parse_args(arguments)
    data = DataFolder(options.data)
    # A stack may be stopped by whoever started it, however that one is stopped.
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, signal.default_int_handler)
    try:
        return int(COMMANDS[command](Stack(data), data, options))
    except (StartFailed, Refused, Unreachable) as problem:
        say(str(problem))
        return 1
    except KeyboardInterrupt:
        say("interrupted.")
        return 130


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./pombo")
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data", type=Path, default=ROOT / ".data", help="folder of the stack (default: .data)")
    up_options = commands.add_parser("up", parents=[common], help="start a stack, or what is missing of it")
    up_options.add_argument("--detach", action="store_true", help="leave it running and print one JSON object")
    up_options.add_argument("--port", type=int, default=0, help="of the first frontend (default: 8080 if free)")
    up_options.add_argument("--frontends", type=_positive, default=1, metavar="N")
    up_options.add_argument("--senders", type=_positive, default=1, metavar="N")
    up_options.add_argument("--whatsapp", choices=["emulated", "real", "simulated"], default="emulated")
    commands.add_parser("down", parents=[common], help="stop the stack of a data folder")
    commands.add_parser("status", parents=[common], help="show the stack of a data folder and its health")
    nodes_options = commands.add_parser("nodes", parents=[common], help="show the sender nodes, or drain one")
    asked = nodes_options.add_mutually_exclusive_group()
    asked.add_argument("--drain", metavar="NODE", help="let this node hand everything to the others, and wait for that")
    asked.add_argument("--undrain", metavar="NODE", help="let it take part again")
    commands.add_parser("link", parents=[common], help="link your own phone by a code in this terminal")
    seed_options = commands.add_parser("seed", parents=[common], help="make demo instances and messages")
    seed_options.add_argument("--instances", type=_positive, default=3, metavar="N")
    seed_options.add_argument("--messages", type=_positive, default=10, metavar="M", help="for each instance")
    return parser


def up(stack: Stack, data: DataFolder, options: argparse.Namespace) -> int:
    before = stack.record()
    was_running = bool(before and before.alive().processes)
    record = stack.up(Wanted(options.whatsapp, options.frontends, options.senders, options.port))
    if options.detach:
        _print(stack.describe(record))
        return 0
    sys.stdout.write(greeting(stack.describe(record), record))
    sys.stdout.flush()
    if was_running:
        say("this stack was running already; ./pombo down stops it.")
        return 0
    return attend(stack, data)


def attend(stack: Stack, data: DataFolder) -> int:
    """Stay until Ctrl-C, or until the stack is stopped from elsewhere; tell when a process ends by itself."""
    say(f"logs are in {data.path / 'logs'}; Ctrl-C stops everything.")
    told: set[str] = set()
    try:
        while record := stack.record():
            for process in record.processes:
                identity = f"{process.name} {process.pid}"
                if identity not in told and not process.is_alive():
                    told.add(identity)
                    say(f"{process.name} has ended.\n{tail(data.log_of(process.name))}")
            time.sleep(LOOK)
    except KeyboardInterrupt:
        say("stopping (once more kills) ...")
        try:
            stack.down()
        except KeyboardInterrupt:
            stack.kill()
    say("stopped.")
    return 0


def down(stack: Stack, data: DataFolder, options: argparse.Namespace) -> int:
    say("stopped." if stack.down() else f"nothing runs on {data.path}.")
    return 0


def status(stack: Stack, data: DataFolder, options: argparse.Namespace) -> int:
    record = stack.record()
    if record is None:
        _print({"data": str(data.path), "healthy": False, "processes": {}})
        return 1
    health = stack.health(record)
    _print({**stack.describe(record), **health})
    return 0 if health["healthy"] else 1


def link_phone(stack: Stack, data: DataFolder, options: argparse.Namespace) -> int:
    record = stack.record()
    if record is None or record.demo is None:
        say(f"nothing runs on {data.path}; start it with ./pombo up --whatsapp real.")
        return 1
    secrets = data.credentials()
    gateway = Gateway(record.base_urls[0], secrets["CLIENT_AUTH_TOKEN"], secrets["PARTNER_AUTH_TOKEN"])
    return 0 if link(gateway, Instance(record.demo.id, record.demo.token), say) else 1


def sow(stack: Stack, data: DataFolder, options: argparse.Namespace) -> int:
    record = stack.record()
    if record is None:
        say(f"nothing runs on {data.path}; start it with ./pombo up.")
        return 1
    secrets = data.credentials()
    gateway = Gateway(record.base_urls[0], secrets["CLIENT_AUTH_TOKEN"], secrets["PARTNER_AUTH_TOKEN"])
    _print(seed(gateway, options.instances, options.messages))
    return 0


def nodes(stack: Stack, data: DataFolder, options: argparse.Namespace) -> int:
    record = stack.record()
    if record is None:
        say(f"nothing runs on {data.path}; start it with ./pombo up.")
        return 1
    secrets = data.credentials()
    gateway = Gateway(record.base_urls[0], secrets["CLIENT_AUTH_TOKEN"], secrets["PARTNER_AUTH_TOKEN"])
    operator = Operator(gateway.nodes, gateway.drain, say)
    if options.drain:
        done = operator.drain(options.drain)
    elif options.undrain:
        done = operator.take_back(options.undrain)
    else:
        done = True
    sys.stdout.write(shown(gateway.nodes()))
    return 0 if done else 1


COMMANDS = {"up": up, "down": down, "status": status, "seed": sow, "link": link_phone, "nodes": nodes}


def greeting(described: dict[str, Any], record: Record) -> str:
    """What a person sees: addresses, tokens, and commands that work when pasted."""
    lines = [
        "",
        f"  Pombo is ready at {described['base_url']}",
        f"    Panel          {described['panel_url']} (log in with the partner token)",
        f"    Client-Token   {described['client_token']}",
        f"    partner token  {described['partner_token']}",
        f"    Postgres       {described['postgres_dsn']}",
        f"    Redis          {described['redis_url']}",
    ]
    if record.demo and record.whatsapp == "real":
        link_command = f"    ./pombo link --data {described['data']}"
        lines += ["", "  This stack speaks to the real WhatsApp. Link your phone:", link_command]
    if record.demo:
        url = f"{described['base_url']}/instances/{record.demo.id}/token/{record.demo.token}/send-text"
        body = json.dumps({"phone": record.demo.contact or "<a number>", "message": "Hello from Pombo"})
        lines += [
            "",
            "  Send a message:",
            f"    curl -X POST {url} -H 'Client-Token: {described['client_token']}'"
            f" -H 'Content-Type: application/json' -d '{body}'",
        ]
    if record.demo and record.emulator_url:
        contact = f"{record.emulator_url}/control/contacts/{record.demo.contact}/messages"
        lines += [
            "",
            "  This is a demo on a WhatsApp built in: the contact is a script, nothing leaves this machine.",
            "  See what it decrypted:",
            f"    curl {contact}",
        ]
    return "\n".join([*lines, "", ""])


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _print(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
