"""The virtual phone: in emulated mode the other side of every chat, to scan with and to write with."""

import re
from datetime import UTC, datetime
from typing import Any

from common.tables import console
from common.tables import instance as table
from frontend import problems
from frontend.panel.emulator import Emulator
from frontend.panel.views.instance import Desk
from frontend.panel.visit import Action, Context, Form, Said, View, Visit, read_uuid

SCRIPTS = ("silent", "read", "echo", "away")
LATEST = 50
WAITING = 50  # instances that are offered to be scanned
PHONE = re.compile(r"[1-9][0-9]{4,14}", re.ASCII)
CHAT = "/panel/phone/{phone}"


class Phone:
    def __init__(self, desk: Desk, emulator: Emulator) -> None:
        self._desk = desk
        self._emulator = emulator

    @property
    def views(self) -> tuple[View, ...]:
        return (
            View("/panel/phone", "phones.html", self.load),
            View(CHAT, "phone.html", self.load_chat, ("chat",)),
        )

    @property
    def actions(self) -> tuple[Action, ...]:
        return (
            Action("/panel/phone", self.add, "/panel/phone"),
            Action(f"{CHAT}/scan", self.scan, CHAT),
            Action(f"{CHAT}/write", self.write, CHAT),
            Action(f"{CHAT}/read", self.read, CHAT),
        )

    async def load(self, visit: Visit) -> Context:
        return {"phones": await self._emulator.accounts(), "scripts": SCRIPTS}

    async def load_chat(self, visit: Visit) -> Context:
        phone, other = _phone_of(visit), visit.query("with", 40)
        received = await self._emulator.messages(phone)
        chats = list(dict.fromkeys(each["chat"] for each in reversed(received)))
        other = other or (chats[0] if chats else "")
        said = [each for each in received if each["chat"] == other]
        # What this phone wrote is only known to whoever got it.
        if PHONE.fullmatch(other):
            said += [each for each in await self._messages_of(other) if each["chat"] == phone]
        lines = sorted({each["id"]: each for each in said}.values(), key=lambda each: each["at"])[-LATEST:]
        context = {
            "phone": phone,
            "other": other,
            "chats": chats,
            "lines": [
                {**each, "at": datetime.fromtimestamp(each["at"], UTC), "is_own": each["sender"] == phone}
                for each in lines
            ],
            "unread": next((each["id"] for each in reversed(lines) if each["sender"] != phone), None),
        }
        if visit.is_live:
            return context
        waiting = [
            each
            for state in ("unpaired", "logged-out")
            for each in await console.list_instances(self._desk.services.pool, "", state, None, WAITING)
        ]
        accounts = await self._emulator.accounts()
        known = next((each for each in accounts if each["phone"] == phone), None)
        if known is None:
            raise problems.not_found("There is no such phone.")
        return {**context, "account": known, "accounts": accounts, "waiting": waiting}

    async def add(self, visit: Visit, form: Form) -> Said:
        phone = form.get("phone", "").strip()
        await self._emulator.add(phone, form.get("name", "").strip(), form.get("script", "silent"))
        return Said("The phone is there.", f"/panel/phone/{phone}" if PHONE.fullmatch(phone) else None)

    async def scan(self, visit: Visit, form: Form) -> Said:
        instance = await table.find(self._desk.services.pool, read_uuid(form.get("instance", "")))
        if instance is None:
            raise problems.not_found("There is no such instance.")
        answer = await self._desk.ask(instance, "qr-code")
        if "value" not in answer:
            raise problems.Problem(409, "This instance is linked already.")
        await self._emulator.scan(_phone_of(visit), str(answer["value"]))
        return Said("The virtual phone has scanned the code.", f"/panel/instances/{instance.id.hex.upper()}")

    async def write(self, visit: Visit, form: Form) -> Said:
        phone, to = _phone_of(visit), form.get("to", "").strip()
        await self._emulator.write(phone, to, form.get("text", ""))
        return Said("", f"/panel/phone/{phone}?with={to}" if PHONE.fullmatch(to) else None)

    async def read(self, visit: Visit, form: Form) -> Said:
        phone, other = _phone_of(visit), form.get("with", "")
        await self._emulator.read(phone, form.get("message", ""))
        return Said("", f"/panel/phone/{phone}?with={other}" if PHONE.fullmatch(other) else None)

    async def _messages_of(self, phone: str) -> list[dict[str, Any]]:
        try:
            return await self._emulator.messages(phone)
        except problems.Problem:
            return []


def _phone_of(visit: Visit) -> str:
    phone: str = visit.request.path_params["phone"]
    if not PHONE.fullmatch(phone):
        raise problems.not_found("There is no such phone.")
    return phone
