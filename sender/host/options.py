"""How a session host is started: its limits, its command line, and the whole of its environment.

The library reads the environment block of the process's birth, so all of it is fixed here and nothing is inherited
that the host need not know (tokens, keys, the node's own DSNs).
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from sender.whatsapp.relay.trust import BUNDLE

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class HostOptions:
    sessions: int = 50
    """How many sessions one host holds: what a crash of the library costs."""
    openings: int = 300
    """How often a host is given a session before it is left to run empty: in the library each leaves two open files
    and some memory behind for ever."""
    pulse: float = 5.0
    """Seconds between two looks whether a host still answers."""
    pulse_patience: float = 10.0
    """Seconds for it to answer. A host that misses two in a row is killed, and its sessions move."""
    window: int = 1
    """How many of a session's events may be under way to the node. 1: each is safe before the library goes on."""
    memory_limit: str = "1GiB"
    """Go collects harder above this; it is no hard limit."""
    program: tuple[str, ...] = ("-m", "sender.host")
    """What the interpreter runs; another one than this speaks for a library of its own."""
    proxy: str = ""
    """URL of a proxy for everything that the library dials. Without one it dials directly."""
    ca_file: str = ""
    """Certificate authorities to trust instead of the system's, for a WhatsApp server of our own."""
    noise_root: str = ""
    """Hex; the key to trust instead of WhatsApp's, for a WhatsApp server of our own."""

    relay_folder: str = ""
    """Sessions go through the wire relay; the folder was made by `make_trust`."""

    held: int = 500
    """Stanzas of a relayed session that may wait for a message to be kept."""

    def command(self, socket: int) -> list[str]:
        command = [sys.executable, *self.program, "--socket", str(socket)]
        command += ["--sessions", str(self.sessions), "--window", str(self.window)]
        if self.noise_root:
            command += ["--noise-root", self.noise_root]
        if self.relay_folder:
            command += ["--relay", self.relay_folder, "--held", str(self.held)]
            command += ["--upstream-ca", str(Path(self.ca_file).absolute())] if self.ca_file else []
        return command

    def environment(self) -> dict[str, str]:
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
        environment |= {
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "GOMEMLIMIT": self.memory_limit,
            # Else each message to a person carries a tag that shows as an AI badge on their phone.
            "NEONIZE_BOT_TAG": "off",
        }
        if self.relay_folder:
            # Each session has a way of its own into the relay, and the relay goes through the proxy.
            environment["SSL_CERT_FILE"] = str(Path(self.relay_folder) / BUNDLE)
        elif self.proxy:
            environment["HTTPS_PROXY"] = self.proxy
        if self.ca_file:
            environment.setdefault("SSL_CERT_FILE", str(Path(self.ca_file).absolute()))
            environment["SSL_CERT_DIR"] = "/nonexistent"
        return environment
