"""Pairing: the code of the moment while the page is open, its time left, and success without a reload."""

import re
from datetime import UTC, datetime
from typing import Any

import segno

from common.tables.instance import Instance
from frontend import problems
from frontend.panel.emulator import Emulator
from frontend.panel.refusals import told
from frontend.panel.views.instance import BASE, Desk
from frontend.panel.visit import IS_OVER, Action, Context, Form, Said, View, Visit

NOT_A_DIGIT = re.compile(r"[^0-9]")


class Pairing:
    """A code is asked for when an open page looks for news, so that the page itself is there at once."""

    def __init__(self, desk: Desk, emulator: Emulator | None) -> None:
        self._desk = desk
        self._emulator = emulator

    @property
    def views(self) -> tuple[View, ...]:
        return (View(f"{BASE}/pair", "pair.html", self.load, ("code",)),)

    @property
    def actions(self) -> tuple[Action, ...]:
        if self._emulator is None:
            return ()
        return (Action(f"{BASE}/scan", self.scan, f"{BASE}/pair"),)

    async def load(self, visit: Visit) -> Context:
        instance, context = await self._desk.load(visit)
        phone = NOT_A_DIGIT.sub("", visit.query("phone"))
        phones = [] if self._emulator is None or visit.is_live else await self._emulator.accounts()
        code: Context = {"qr": None, "typed": None, "until": None, "refusal": None}
        is_asked = visit.is_live or visit.query("now") == "1"
        if not instance.is_linked and is_asked:
            code = await self._code(visit, instance, phone)
        is_over = instance.is_connected or code["refusal"] is not None
        return {**context, **code, "phone": phone, "phones": phones, IS_OVER: is_over}

    async def scan(self, visit: Visit, form: Form) -> Said:
        """A virtual phone scans the code of the moment."""
        assert self._emulator is not None
        instance = await self._desk.find(visit)
        answer = await self._desk.ask(instance, "qr-code")
        if "value" not in answer:
            raise problems.Problem(409, "This instance is linked already.")
        await self._emulator.scan(form.get("phone", ""), str(answer["value"]))
        return Said("The virtual phone has scanned the code.")

    async def _code(self, visit: Visit, instance: Instance, phone: str) -> Context:
        try:
            if phone:
                answer = await self._desk.ask(instance, "phone-code", variable=phone)
                return {"qr": None, "typed": answer.get("code"), "until": _moment(answer), "refusal": None}
            answer = await self._desk.ask(instance, "qr-code")
        except problems.Problem as problem:
            # Asking again would begin a new pairing: that is for a person to want.
            return {"qr": None, "typed": None, "until": None, "refusal": told(problem.text, visit.words)}
        value = answer.get("value")
        return {"qr": value and drawn(str(value)), "typed": None, "until": _moment(answer), "refusal": None}


def drawn(text: str) -> dict[str, Any]:
    """A QR code as the size and the path of a picture with one unit for each module."""
    matrix = segno.make_qr(text).matrix
    runs = []
    for y, row in enumerate(matrix):
        x = 0
        while x < len(row):
            start = x
            while x < len(row) and row[x]:
                x += 1
            if x > start:
                runs.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
            x += 1
    return {"size": len(matrix), "path": "".join(runs)}


def _moment(answer: dict[str, Any]) -> datetime | None:
    at = answer.get("expiresAt")
    return datetime.fromtimestamp(at / 1000, UTC) if isinstance(at, int | float) else None
