"""Brings one stack up, step by step: stores, schema, WhatsApp, programs, demo. What already runs is kept."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

from common.local import programs
from common.local.commands import say
from common.local.data_folder import DataFolder, Record
from common.local.demo import prepare_demo
from common.local.http import Unreachable, request
from common.local.postgres import Postgres
from common.local.processes import Process, StartFailed, tail
from common.local.programs import Program
from common.local.stopping import stop_in_order
from common.local.valkey import Valkey
from common.settings import Settings

DATABASE = "pombo"
HTTP_PORT = 8080  # of the first frontend, when it is free


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `up` was asked for. Port 0: the one of last time, or 8080, or any that is free."""

    whatsapp: str = "emulated"
    frontends: int = 1
    senders: int = 1
    port: int = 0


class Assembly:
    """One run of `up`. The record on disk is written after every start, so that nothing is ever lost track of."""

    def __init__(self, data: DataFolder, wanted: Wanted, running: Record | None) -> None:
        self._data = data
        self._wanted = wanted
        self._secrets = data.credentials()
        self._record = running or Record(whatsapp=wanted.whatsapp, postgres_dsn="", redis_url="")

    def run(self) -> Record:
        """Raises StartFailed as soon as one part does not come up."""
        self._start_postgres()
        self._start_valkey()
        self._migrate()
        self._start_emulator()
        self._start_programs()
        self._prepare_demo()
        return self._record

    def _start_postgres(self) -> None:
        if given := os.environ.get("POSTGRES_DSN") or os.environ.get("DATABASE_URL"):
            self._note(replace(self._record, postgres_dsn=given))
            return
        if self._runs("postgres"):
            return
        say("starting Postgres ...")
        server = Postgres(
            self._data.path / "postgres",
            port=self._data.port_of("postgres"),
            password=self._secrets["POSTGRES_PASSWORD"],
            log=self._data.log_of("postgres"),
        )
        self._note(replace(self._record, postgres_dsn=server.dsn(DATABASE)).with_process(server.start()))

    def _start_valkey(self) -> None:
        if os.environ.get("REDIS_URL") or os.environ.get("REDIS_ADDR"):
            settings = Settings(postgres_dsn=self._record.postgres_dsn)
            self._note(replace(self._record, redis_url=settings.redis))
            return
        if self._runs("valkey"):
            return
        say("starting Valkey ...")
        server = Valkey(
            self._data.path / "valkey",
            port=self._data.port_of("valkey"),
            password=self._secrets["VALKEY_PASSWORD"],
            log=self._data.log_of("valkey"),
        )
        self._note(replace(self._record, redis_url=server.url()).with_process(server.start()))

    def _migrate(self) -> None:
        log = self._data.log_of("schema")
        with log.open("ab") as output:
            done = subprocess.run(
                [sys.executable, "-m", "common.schema"],
                cwd=programs.ROOT,
                env=self._environment(),
                stdout=output,
                stderr=output,
                check=False,
            )
        if done.returncode:
            raise StartFailed(f"the schema could not be brought up to date.\n{tail(log)}")

    def _start_emulator(self) -> None:
        if self._wanted.whatsapp != "emulated" or self._runs("emulator"):
            return
        say("starting the WhatsApp emulator ...")
        folder = self._data.path / "emulator"
        folder.mkdir(exist_ok=True, mode=0o700)
        port = self._data.port_of("emulator")
        self._start([programs.emulator(port, folder, self._environment())])
        self._note(replace(self._record, emulator_url=f"http://127.0.0.1:{port}"))

    def _start_programs(self) -> None:
        """Frontends and senders come up side by side; those beyond the wanted number leave first."""
        numbers = {"frontend": self._wanted.frontends, "sender": self._wanted.senders}
        wanted = {f"{kind}-{number}" for kind, count in numbers.items() for number in range(1, count + 1)}
        surplus = [process for kind in numbers for process in self._record.of_kind(kind) if process.name not in wanted]
        if surplus:
            stop_in_order(surplus)
        kept = tuple(process for process in self._record.processes if process not in surplus)
        frontend_ports = [self._frontend_port(number) for number in range(1, self._wanted.frontends + 1)]
        sender_ports = [self._port_of(f"sender-{number}") for number in range(1, self._wanted.senders + 1)]
        self._note(
            replace(
                self._record,
                processes=kept,
                base_urls=tuple(f"http://127.0.0.1:{port}" for port in frontend_ports),
                sender_urls=tuple(f"http://127.0.0.1:{port}" for port in sender_ports),
            )
        )
        environment = {**self._environment(), **self._network()}
        missing = [programs.sender(number, port, environment) for number, port in enumerate(sender_ports, 1)]
        missing += [programs.frontend(number, port, environment) for number, port in enumerate(frontend_ports, 1)]
        missing = [program for program in missing if not self._runs(program.name)]
        if missing:
            say(f"starting {', '.join(program.name for program in missing)} ...")
            self._start(missing)

    def _start(self, missing: list[Program]) -> None:
        started: list[tuple[Program, Process]] = []
        for program in missing:
            process = program.start(self._data)
            self._note(self._record.with_process(process))
            started.append((program, process))
        for program, process in started:
            program.await_ready(process, self._data)

    def _prepare_demo(self) -> None:
        say("preparing the demo instance ...")
        known = self._data.demo_of(self._record.whatsapp)
        demo = prepare_demo(self._record, self._secrets, known)
        self._data.write_demo(self._record.whatsapp, demo)
        self._note(replace(self._record, demo=demo))

    def _frontend_port(self, number: int) -> int:
        first = number == 1
        exact = self._wanted.port if first else 0
        return self._port_of(f"frontend-{number}", HTTP_PORT if first else 0, exact)

    def _port_of(self, name: str, preferred: int = 0, exact: int = 0) -> int:
        """A running program stays where it is."""
        if self._runs(name):
            return self._data.last_port_of(name)
        return self._data.port_of(name, preferred, exact=exact)

    def _environment(self) -> dict[str, str]:
        """What every program is told, on top of what the user's own environment says."""
        names = ("CLIENT_AUTH_TOKEN", "PARTNER_AUTH_TOKEN", "TOKEN_ENCRYPTION_KEY", "MEDIA_LOCAL_SECRET_KEY")
        base_url = self._record.base_urls[0] if self._record.base_urls else ""
        return {
            "MEDIA_LOCAL_STORAGE_PATH": str(self._data.path.absolute() / "media"),
            "MEDIA_LOCAL_PUBLIC_BASE_URL": base_url,
            # Whoever tries webhooks has a receiver on this machine, and no certificate for it.
            "WEBHOOK_HTTP_HOSTS": "127.0.0.1,localhost",
            "OUTBOUND_ALLOWED_NETWORKS": "127.0.0.0/8,::1/128",
            **os.environ,
            **{name: self._secrets[name] for name in names},
            "POSTGRES_DSN": self._record.postgres_dsn,
            "REDIS_URL": self._record.redis_url,
            "API_BASE_URL": base_url,
        }

    def _network(self) -> Mapping[str, str]:
        """Which WhatsApp the senders speak to."""
        if self._wanted.whatsapp == "simulated":
            return {"WHATSAPP_ENGINE": "simulated"}
        if self._wanted.whatsapp == "real":
            return {"WHATSAPP_ENGINE": "neonize"}
        try:
            _, network = request("GET", f"{self._record.emulator_url}/control/environment")
        except Unreachable as problem:
            raise StartFailed(f"the emulator does not answer: {problem}") from problem
        return {
            "WHATSAPP_ENGINE": "neonize",
            "WHATSAPP_PROXY": network["proxy"],
            "WHATSAPP_CA_FILE": network["ca_file"],
            "WHATSAPP_NOISE_ROOT": network["noise_root"],
            "PANEL_EMULATOR_URL": self._record.emulator_url or "",
        }

    def _runs(self, name: str) -> bool:
        return any(process.name == name and process.is_alive() for process in self._record.processes)

    def _note(self, record: Record) -> None:
        self._record = record
        self._data.write_record(record)
