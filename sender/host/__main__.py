"""`python -m sender.host`: started by `process.py` only, with an inherited socket and an environment of its own."""

import os
import resource
import socket
import traceback
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from sender.host.link import Link
from sender.host.service import Service
from sender.whatsapp.neonize.library import WHATSAPP_NOISE_ROOT, Library


def main(load: Callable[[bytes | None], Library] = Library.load) -> None:
    parser = ArgumentParser(prog="python -m sender.host")
    parser.add_argument("--socket", type=int, required=True, help="file descriptor of the socket to the node")
    parser.add_argument("--sessions", type=int, required=True, help="how many sessions this host may be given")
    parser.add_argument("--window", type=int, default=1, help="events of a session under way to the node")
    parser.add_argument("--noise-root", default="", help="hex; replaces WhatsApp's key")
    parser.add_argument("--relay", help="folder of the authority that sessions of the wire relay trust")
    parser.add_argument("--upstream-ca", default="", help="who signs WhatsApp's certificate, for the relay")
    parser.add_argument("--held", type=int, default=500, help="stanzas of a relayed session that may wait")
    arguments = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Each start of a session leaves open files behind; the usual 1,024 would not do for long.
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    link = Link(socket.socket(fileno=arguments.socket))
    noise_root = bytes.fromhex(arguments.noise_root) if arguments.noise_root else None
    try:
        relay = None
        if arguments.relay:
            from sender.whatsapp.relay.relay import Relay

            root = noise_root or WHATSAPP_NOISE_ROOT
            relay = Relay(Path(arguments.relay), root, arguments.upstream_ca, arguments.held)
            noise_root = relay.noise_root
        Service(load(noise_root), link, arguments.sessions, arguments.window, relay).run()
    except BaseException:
        traceback.print_exc()
        leave(1)
    leave()


def leave(code: int = 0) -> NoReturn:
    """The node is gone or done with us. Threads may sit in the library for ever, so nobody is waited for."""
    os._exit(code)


if __name__ == "__main__":
    main()
