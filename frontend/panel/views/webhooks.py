"""Webhooks and events of an instance: addresses, a test, what became of deliveries, what gave up, what happened."""

import base64
from typing import Any
from uuid import UUID

import orjson

from common.postgres import Connection
from common.tables import console, event_dead_letter, webhook_secret
from common.vault import Unreadable
from frontend import problems
from frontend.panel.views.instance import BASE, Desk
from frontend.panel.visit import Action, Context, Form, Said, View, Visit

LATEST = 20
LONGEST_BODY = 2_000  # characters of an event that are shown
SLOTS = {
    "delivery": ("delivery_callback_url", "update-webhook-delivery"),
    "received": ("received_callback_url", "update-webhook-received"),
    "message-status": ("message_status_callback_url", "update-webhook-message-status"),
    "presence": ("presence_chat_callback_url", "update-webhook-chat-presence"),
    "connected": ("connected_callback_url", "update-webhook-connected"),
    "disconnected": ("disconnected_callback_url", "update-webhook-disconnected"),
}
PURPOSES = {
    "delivery": "A message was handed to WhatsApp, or was given up",
    "received": "A message came in",
    "message-status": "A message was delivered, read or played",
    "presence": "A contact types or comes online",
    "connected": "The session came about",
    "disconnected": "The session ended",
}


class Webhooks:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def views(self) -> tuple[View, ...]:
        return (
            View(f"{BASE}/webhooks", "webhooks.html", self.load, ("head", "deliveries", "letters")),
            View(f"{BASE}/events", "events.html", self.load_events, ("head", "events")),
        )

    @property
    def actions(self) -> tuple[Action, ...]:
        page = f"{BASE}/webhooks"
        return (
            Action(page, self.save, page),
            Action(f"{page}/every", self.save_every, page),
            Action(f"{page}/test", self.test, page),
            Action(f"{page}/rotate", self.rotate, page),
            Action(f"{page}/replay", self.replay_dead, page),
            Action(f"{page}/replay/{{seq}}", self.replay, page),
            Action(f"{page}/discard/{{seq}}", self.discard, page),
        )

    async def load(self, visit: Visit) -> Context:
        instance, context = await self._desk.load(visit)
        services = self._desk.services
        since = services.clock.now() - 2 * services.events_kept
        async with services.pool.acquire() as connection:
            deliveries = await console.list_deliveries(connection, instance.id, LATEST, since)
            letters = await event_dead_letter.list_page(connection, instance.id, 0, LATEST + 1)
            secrets = await self._secrets(connection, instance.id)
        received = instance.received_and_delivery_callback_url or instance.received_callback_url
        addresses = {slot: getattr(instance, column) or "" for slot, (column, _) in SLOTS.items()}
        return {
            **context,
            "addresses": {**addresses, "received": received or ""},
            "purposes": PURPOSES,
            "deliveries": deliveries,
            "letters": letters[:LATEST],
            "has_more_letters": len(letters) > LATEST,
            "secrets": secrets,
        }

    async def _secrets(self, connection: Connection, instance: UUID) -> list[tuple[str, bool]] | None:
        """Each as it is given to a receiver, and whether it is the one before. None: they cannot be read."""
        try:
            found = await webhook_secret.list_secrets(connection, instance, self._desk.services.vault)
        except Unreadable:
            return None
        return [(f"whsec_{base64.b64encode(each.secret).decode()}", each.place == 2) for each in found]

    async def load_events(self, visit: Visit) -> Context:
        instance, context = await self._desk.load(visit)
        services = self._desk.services
        since = services.clock.now() - 2 * services.events_kept
        events = await console.list_events(services.pool, instance.id, LATEST, since)
        has_webhook = any(getattr(instance, column) for column, _ in SLOTS.values())
        has_webhook = has_webhook or instance.received_and_delivery_callback_url is not None
        return {**context, "events": [(each, shown(each.body)) for each in events], "has_webhook": has_webhook}

    async def save(self, visit: Visit, form: Form) -> Said:
        """Only what is different is written; all of it, or up to the first that is refused."""
        instance = await self._desk.find(visit)
        received = instance.received_and_delivery_callback_url or instance.received_callback_url
        for slot, (column, route) in SLOTS.items():
            known = (received if slot == "received" else getattr(instance, column)) or ""
            wanted = form.get(slot, known).strip()
            if wanted != known:
                await self._desk.api.call(visit, instance, "PUT", route, {"value": wanted})
        wants_own = "own" in form
        if wants_own != instance.receive_callback_sent_by_me:
            await self._desk.api.call(visit, instance, "PUT", "update-notify-sent-by-me", {"notifySentByMe": wants_own})
        return Said("Saved.")

    async def save_every(self, visit: Visit, form: Form) -> Said:
        instance = await self._desk.find(visit)
        body = {"value": form.get("address", "").strip()}
        await self._desk.api.call(visit, instance, "PUT", "update-every-webhooks", body)
        return Said("Saved.")

    async def test(self, visit: Visit, form: Form) -> Said:
        instance = await self._desk.find(visit)
        await self._desk.api.call(visit, instance, "POST", "test-webhook", {"webhook": form.get("webhook", "")})
        return Said("A test is on its way; its delivery appears below.")

    async def rotate(self, visit: Visit, form: Form) -> Said:
        await self._desk.api.call(visit, await self._desk.find(visit), "POST", "webhook-secrets/rotate")
        return Said("There is a new secret; the one before stays valid.")

    async def replay(self, visit: Visit, form: Form) -> Said:
        await self._desk.api.call(visit, await self._desk.find(visit), "POST", f"events/{_number_of(visit)}/replay")
        return Said("The event is on its way again.")

    async def replay_dead(self, visit: Visit, form: Form) -> Said:
        await self._desk.api.call(visit, await self._desk.find(visit), "POST", "events/replay", {"onlyFailed": True})
        return Said("The events are on their way again.")

    async def discard(self, visit: Visit, form: Form) -> Said:
        await self._desk.api.call(
            visit, await self._desk.find(visit), "DELETE", f"event-dead-letters/{_number_of(visit)}"
        )
        return Said("The event is forgotten.")


def shown(body: bytes) -> str:
    """An event as it is sent, on several lines, shortened."""
    content: Any = orjson.loads(body)
    text = orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
    return text if len(text) <= LONGEST_BODY else f"{text[:LONGEST_BODY]} …"


def _number_of(visit: Visit) -> int:
    text = visit.request.path_params["seq"]
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise problems.not_found()
    return int(text)
