"""All instances: found by name, id or number, filtered by state, paged by SQL; and making a new one."""

from uuid import UUID

from common.tables import console
from common.tables import instance as table
from frontend import problems
from frontend.panel.api import Api
from frontend.panel.rendering import shown_id
from frontend.panel.visit import Action, Context, Form, Said, View, Visit
from frontend.services import Services

PAGE = 25
STATES = ("connected", "connecting", "disconnected", "unpaired", "logged-out", "conflict", "banned", "outdated")


class Instances:
    def __init__(self, services: Services, api: Api) -> None:
        self._services = services
        self._api = api

    @property
    def views(self) -> tuple[View, ...]:
        return (View("/panel/instances", "instances.html", self.load, ("states", "list")),)

    @property
    def actions(self) -> tuple[Action, ...]:
        return (Action("/panel/instances", self.create, "/panel/instances"),)

    async def load(self, visit: Visit) -> Context:
        query, state = visit.query("q"), visit.query("state")
        state = state if state in STATES else ""
        after = _cursor(visit.query("after"))
        async with self._services.pool.acquire() as connection:
            counts = await console.count_states(connection)
            found = await console.list_instances(connection, query, state or None, after, PAGE + 1)
        return {
            "q": query,
            "state": state,
            "is_first": after is None,
            "counts": [(each, counts[each]) for each in STATES if counts.get(each)],
            "total": sum(counts.values()),
            "instances": found[:PAGE],
            "after": shown_id(found[PAGE - 1].id) if len(found) > PAGE else None,
            "deepest": console.DEEPEST,
        }

    async def create(self, visit: Visit, form: Form) -> Said:
        made = await self._api.call_as_partner(
            visit, "POST", "/instances/integrator/on-demand", {"name": form.get("name", "").strip()}
        )
        made_id = str(made["id"])
        if form.get("subscribe"):
            instance = await table.find(self._services.pool, UUID(made_id))
            if instance is None:
                raise problems.not_found("instance not found")
            await self._api.call_as_partner(visit, "POST", "integrator/on-demand/subscription", {}, instance)
        return Said("The instance is made. Link a phone to it now.", f"/panel/instances/{made_id}")


def _cursor(text: str) -> UUID | None:
    try:
        return UUID(hex=text) if text else None
    except ValueError:
        return None
