"""Run the emulator: `python -m sender.whatsapp.emulator --port 8090 --data FOLDER`, until SIGTERM or SIGINT."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from common import logs
from sender.whatsapp.emulator.control.application import add_routes, new_application
from sender.whatsapp.emulator.network import Network
from sender.whatsapp.emulator.server import build
from sender.whatsapp.emulator.storage.database import DataInUse, UnknownFormat

HOST = "127.0.0.1"  # never reachable from elsewhere: whoever reaches it may do anything

log = logs.get(__name__)


async def serve(port: int, data: Path, wire_log: Path | None = None) -> None:
    """Raises DataInUse, UnknownFormat or OSError when it cannot start."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = build(data, wire_log)
    try:
        control = new_application(server.database)
        network = Network(server, data, control)
        add_routes(control, server, network)
        log.info("emulator starts", port=await network.start(HOST, port), accounts=len(server.directory.accounts))
        try:
            await stop.wait()
        finally:
            await network.stop()
    finally:
        server.database.close()
    log.info("emulator ends")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sender.whatsapp.emulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8090, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--data", type=Path, required=True, help="folder for everything that must survive a restart")
    parser.add_argument("--wire-log", type=Path, help="a file for every login, message and end of a connection")
    parser.add_argument("--log-level", default="INFO", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    options = parser.parse_args()
    options.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    logs.configure(options.log_level, "emulator")
    try:
        asyncio.run(serve(options.port, options.data, options.wire_log))
    except (DataInUse, UnknownFormat, OSError) as problem:
        sys.stderr.write(f"emulator: {problem}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
