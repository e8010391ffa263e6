"""The queue of an instance, what it gave up, and the story of one message."""

from uuid import UUID

import orjson

from common.tables import callback, console, dead_letter, pause, waiting
from common.tables import story as story_table
from frontend import paging, problems
from frontend.operations.dead_letters import read_id
from frontend.operations.queue import shown_status
from frontend.panel.rendering import shown_id
from frontend.panel.views.instance import BASE, Desk
from frontend.panel.visit import Action, Context, Form, Said, View, Visit, read_uuid

PAGE = 25
STORY = f"{BASE}/messages/{{message}}"
FINAL = ("sent", "delivered", "read", "played")


class Queue:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def views(self) -> tuple[View, ...]:
        return (
            View(f"{BASE}/queue", "queue.html", self.load, ("head", "queue", "letters")),
            View(f"{BASE}/messages", "messages.html", self.look_up),
            View(STORY, "message.html", self.tell, ("head", "story")),
        )

    @property
    def actions(self) -> tuple[Action, ...]:
        queue = f"{BASE}/queue"
        return (
            Action(f"{queue}/cancel", self.cancel_all, queue),
            Action(f"{queue}/cancel/{{message}}", self.cancel, queue),
            Action(f"{queue}/pause", self.pause, queue),
            Action(f"{queue}/replay", self.replay_all, queue),
            Action(f"{queue}/replay/{{message}}", self.replay, queue),
            Action(f"{STORY}/cancel", self.cancel, STORY),
            Action(f"{STORY}/replay", self.replay, STORY),
            Action(f"{STORY}/settle", self.settle, STORY),
        )

    async def load(self, visit: Visit) -> Context:
        instance, context = await self._desk.load(visit)
        after, letters_after = paging.read(visit.query("after")), paging.read(visit.query("letters"))
        async with self._desk.services.pool.acquire() as connection:
            waiting_ = await console.list_queue(connection, instance.id, after, PAGE + 1)
            paused_at = await connection.fetchval(pause.READ, instance.id)
            letters = await dead_letter.list_page(connection, instance.id, letters_after[1], PAGE + 1)
        last, last_letter = waiting_[PAGE - 1 : PAGE], letters[PAGE - 1 : PAGE]
        return {
            **context,
            "paused_at": paused_at,
            "messages": waiting_[:PAGE],
            "after": paging.written(0 if last[0].is_due else 1, last[0].id) if len(waiting_) > PAGE else None,
            "is_first": after == (0, 0),
            "letters": [(each, _text_of(each.payload)) for each in letters[:PAGE]],
            "letters_after": paging.written(0, last_letter[0].id) if len(letters) > PAGE else None,
        }

    async def look_up(self, visit: Visit) -> Context:
        """Leads to a message's story when it is found."""
        instance, context = await self._desk.load(visit)
        asked = visit.query("id")
        zaap_id = read_id(asked)
        found = None if zaap_id is None else await story_table.find(self._desk.services.pool, instance.id, zaap_id)
        return {**context, "asked": asked, "found": found}

    async def tell(self, visit: Visit) -> Context:
        instance, context = await self._desk.load(visit)
        zaap_id = _message_of(visit)
        async with self._desk.services.pool.acquire() as connection:
            story = await story_table.find(connection, instance.id, zaap_id)
            if story is None:
                raise problems.not_found("There is no such message.")
            attempts = await story_table.list_attempts(connection, story)
            circumstances = await waiting.look(connection, instance.id, zaap_id)
            callbacks = await callback.list_about(connection, instance.id, story.message_id)
        return {
            **context,
            "story": story,
            "status": shown_status(story),
            "attempts": attempts,
            "callbacks": callbacks,
            "circumstances": circumstances,
            "was_sent": story.status in FINAL,
        }

    async def cancel(self, visit: Visit, form: Form) -> Said:
        instance = await self._desk.find(visit)
        await self._desk.api.call(visit, instance, "DELETE", f"queue/{shown_id(_message_of(visit))}")
        return Said("The message is canceled.")

    async def cancel_all(self, visit: Visit, form: Form) -> Said:
        await self._desk.api.call(visit, await self._desk.find(visit), "DELETE", "queue")
        return Said("Everything that had not started is canceled.")

    async def pause(self, visit: Visit, form: Form) -> Said:
        is_wanted = form.get("value") == "true"
        await self._desk.api.call(visit, await self._desk.find(visit), "PUT", "queue/pause", {"value": is_wanted})
        return Said("The queue is paused." if is_wanted else "The queue goes on.")

    async def replay(self, visit: Visit, form: Form) -> Said:
        instance = await self._desk.find(visit)
        await self._desk.api.call(visit, instance, "POST", f"dead-letters/{shown_id(_message_of(visit))}/replay")
        return Said("The message is in the queue again.")

    async def replay_all(self, visit: Visit, form: Form) -> Said:
        await self._desk.api.call(visit, await self._desk.find(visit), "POST", "dead-letters/replay")
        return Said("The messages are in the queue again.")

    async def settle(self, visit: Visit, form: Form) -> Said:
        instance = await self._desk.find(visit)
        route = f"queue/{shown_id(_message_of(visit))}/settle"
        await self._desk.api.call(visit, instance, "POST", route, {"outcome": form.get("outcome", "")})
        return Said("It is decided.")


def _message_of(visit: Visit) -> UUID:
    return read_uuid(visit.request.path_params["message"])


def _text_of(payload: str) -> str:
    content = orjson.loads(payload)
    return str(content.get("message") or content.get("caption") or "")[:120]
