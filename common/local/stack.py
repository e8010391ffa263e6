"""One stack on this machine: make it run, tell what runs, stop it in order."""

import signal
from typing import Any

from common.local.assembly import Assembly, Wanted
from common.local.data_folder import DataFolder, Record
from common.local.http import answers
from common.local.processes import StartFailed
from common.local.stopping import stop_in_order


class Stack:
    """The processes that belong to one data folder. They outlive whoever started them."""

    def __init__(self, data: DataFolder) -> None:
        self._data = data

    def up(self, wanted: Wanted) -> Record:
        """What runs is kept, what is missing is started, what is too many is stopped.

        Raises StartFailed; what this call had started has then been stopped again.
        """
        with self._data.locked():
            found = self._data.record()
            running = found.alive() if found else None
            if running is None or not running.processes:
                running = None
            elif running.whatsapp != wanted.whatsapp:
                raise StartFailed(f"this stack runs with --whatsapp {running.whatsapp}; `./pombo down` it first.")
            try:
                return Assembly(self._data, wanted, running).run()
            except BaseException:
                self._undo(running)
                raise

    def down(self) -> bool:
        """Stop in order. False when nothing was running."""
        with self._data.locked():
            record = self._data.record()
            if record is None:
                return False
            running = record.alive().processes
            stop_in_order(running)
            self._data.forget_record()
            return bool(running)

    def kill(self) -> None:
        """Stop at once; what was accepted is safe, what was being sent may end as uncertain."""
        record = self._data.record()
        for process in record.processes if record else ():
            process.send(signal.SIGKILL)
        self._data.forget_record()

    def record(self) -> Record | None:
        """None when nothing was started, or all was stopped."""
        return self._data.record()

    def describe(self, record: Record) -> dict[str, Any]:
        """What `up --detach` prints."""
        secrets = self._data.credentials()
        described: dict[str, Any] = {
            "base_url": record.base_urls[0] if record.base_urls else "",
            "base_urls": record.base_urls,
            "panel_url": f"{record.base_urls[0]}/panel" if record.base_urls else "",
            "client_token": secrets["CLIENT_AUTH_TOKEN"],
            "partner_token": secrets["PARTNER_AUTH_TOKEN"],
            "postgres_dsn": record.postgres_dsn,
            "redis_url": record.redis_url,
            "pids": {kind: [process.pid for process in record.of_kind(kind)] for kind in ("frontend", "sender")},
            "sender_urls": record.sender_urls,
            "data": str(self._data.path),
            "whatsapp": record.whatsapp,
        }
        if record.emulator_url:
            described["emulator_url"] = record.emulator_url
        if record.demo:
            described["demo"] = {"id": record.demo.id, "token": record.demo.token, "contact": record.demo.contact}
        return described

    def health(self, record: Record) -> dict[str, Any]:
        """Each process, and what the probes of the programs say."""
        ready = {process.name: process.is_alive() for process in record.processes}
        for kind, urls in {"frontend": record.base_urls, "sender": record.sender_urls}.items():
            for process, url in zip(record.of_kind(kind), urls, strict=False):
                ready[process.name] = ready[process.name] and answers(f"{url}/ready")
        return {"healthy": bool(ready) and all(ready.values()), "processes": ready}

    def _undo(self, before: Record | None) -> None:
        after = self._data.record()
        kept = before.processes if before else ()
        stop_in_order(process for process in (after.processes if after else ()) if process not in kept)
        if before:
            self._data.write_record(before)
        else:
            self._data.forget_record()
