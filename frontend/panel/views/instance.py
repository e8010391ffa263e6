"""One instance: how it is, its tokens, what it is set to, its subscription, and a first message through it."""

from typing import Any

from common.tables import console, uncertain
from common.tables import instance as table
from common.tables.instance import Instance
from frontend import problems
from frontend.ask import Ask
from frontend.panel.api import Api
from frontend.panel.visit import Action, Context, Form, Said, View, Visit
from frontend.services import Services

BASE = "/panel/instances/{instance}"
POLICIES = ("hold", "resend", "resend-same-id", "assume-sent")
FLAGS = {
    "auto_read_message": "update-auto-read-message",
    "auto_read_status": "update-auto-read-status",
    "call_reject_auto": "update-call-reject-auto",
}


class Desk:
    """What every page about one instance needs."""

    def __init__(self, services: Services, api: Api, ask: Ask) -> None:
        self.services = services
        self.api = api
        self._ask = ask

    async def find(self, visit: Visit) -> Instance:
        """Raises a Problem."""
        instance = await table.find(self.services.pool, visit.instance)
        if instance is None:
            raise problems.not_found("There is no such instance.")
        return instance

    async def load(self, visit: Visit) -> tuple[Instance, Context]:
        """The instance, and what its head shows on each of its pages."""
        instance = await self.find(visit)
        around = await console.look_around(self.services.pool, instance.shard, instance.id)
        return instance, {"instance": instance, "around": around, "deepest": console.DEEPEST}

    async def ask(self, instance: Instance, question: str, **arguments: Any) -> dict[str, Any]:
        """The answer of the node that holds the session. Raises a Problem."""
        access = (await table.find_access(self.services.pool, [instance.id]))[instance.id]
        answer = await self._ask.ask(access, question, arguments)
        return answer if isinstance(answer, dict) else {}


class InstancePages:
    def __init__(self, desk: Desk, base_url: str) -> None:
        """`base_url` is where the API is reached from outside; empty: where the panel is."""
        self._desk = desk
        self._base_url = base_url.rstrip("/")

    @property
    def views(self) -> tuple[View, ...]:
        return (
            View(BASE, "instance.html", self.load, ("head", "status")),
            View(f"{BASE}/settings", "settings.html", self.load_settings, ("head",)),
        )

    @property
    def actions(self) -> tuple[Action, ...]:
        settings = f"{BASE}/settings"
        return (
            Action(f"{BASE}/send", self.send, BASE),
            Action(f"{BASE}/restart", self.restart, BASE),
            Action(f"{BASE}/unlink", self.unlink, BASE),
            Action(f"{BASE}/rename", self.rename, settings),
            Action(f"{BASE}/preferences", self.prefer, settings),
            Action(f"{BASE}/subscribe", self.subscribe, settings),
            Action(f"{BASE}/cancel", self.cancel, settings),
        )

    async def load(self, visit: Visit) -> Context:
        instance, context = await self._desk.load(visit)
        return {**context, "token": self._desk.api.token_of(instance), "base_url": self._base_url or _base_url(visit)}

    async def load_settings(self, visit: Visit) -> Context:
        instance, context = await self._desk.load(visit)
        policy = await self._desk.services.pool.fetchval(uncertain.READ_POLICY, instance.id)
        return {**context, "policy": policy, "policies": POLICIES}

    async def send(self, visit: Visit, form: Form) -> Said:
        """Leads to the message's story, which shows how it fares."""
        instance = await self._desk.find(visit)
        phone = "".join(character for character in form.get("phone", "") if character not in " +()")
        body = {"phone": phone, "message": form.get("message", "")}
        told = await self._desk.api.call(visit, instance, "POST", "send-text", body)
        return Said("", f"/panel/instances/{instance.id.hex.upper()}/messages/{told['zaapId']}")

    async def restart(self, visit: Visit, form: Form) -> Said:
        answer = await self._desk.ask(await self._desk.find(visit), "restart")
        if not answer.get("value"):
            raise problems.Problem(409, "There is no session to restart: link a phone first.")
        return Said("The session starts again.")

    async def unlink(self, visit: Visit, form: Form) -> Said:
        await self._desk.ask(await self._desk.find(visit), "disconnect")
        return Said("The phone is unlinked.")

    async def rename(self, visit: Visit, form: Form) -> Said:
        instance = await self._desk.find(visit)
        await self._desk.api.call(visit, instance, "PUT", "update-name", {"value": form.get("name", "").strip()})
        return Said("Saved.")

    async def prefer(self, visit: Visit, form: Form) -> Said:
        """Only what is different is written."""
        instance = await self._desk.find(visit)
        for name, route in FLAGS.items():
            wanted = name in form
            if wanted != getattr(instance, name):
                await self._desk.api.call(visit, instance, "PUT", route, {"value": wanted})
        text = form.get("call_reject_message", "").strip()
        if text != (instance.call_reject_message or ""):
            await self._desk.api.call(visit, instance, "PUT", "update-call-reject-message", {"value": text})
        policy = await self._desk.services.pool.fetchval(uncertain.READ_POLICY, instance.id)
        if form.get("policy") not in (None, policy):
            await self._desk.api.call(visit, instance, "PUT", "uncertain-policy", {"value": form["policy"]})
        return Said("Saved.")

    async def subscribe(self, visit: Visit, form: Form) -> Said:
        instance = await self._desk.find(visit)
        await self._desk.api.call_as_partner(visit, "POST", "integrator/on-demand/subscription", {}, instance)
        return Said("The instance is subscribed.")

    async def cancel(self, visit: Visit, form: Form) -> Said:
        instance = await self._desk.find(visit)
        await self._desk.api.call_as_partner(visit, "POST", "integrator/on-demand/cancel", None, instance)
        return Said("The subscription is canceled.")


def _base_url(visit: Visit) -> str:
    return f"{visit.request.url.scheme}://{visit.request.url.netloc}"
