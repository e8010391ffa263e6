"""The system: nodes with shards, sessions and leases, what waits and for how long, how much goes through."""

from common.tables import console
from common.tables import node as table
from frontend.panel.api import Api
from frontend.panel.charts import draw
from frontend.panel.throughput import Throughput, heights, rates, span_of
from frontend.panel.views.instances import STATES
from frontend.panel.visit import Action, Context, Form, Said, View, Visit
from frontend.services import Services


class System:
    def __init__(self, services: Services, api: Api, throughput: Throughput) -> None:
        self._services = services
        self._api = api
        self._throughput = throughput

    @property
    def views(self) -> tuple[View, ...]:
        return (View("/panel/system", "system.html", self.load, ("load", "charts", "nodes")),)

    @property
    def actions(self) -> tuple[Action, ...]:
        return (Action("/panel/system/drain", self.drain, "/panel/system"),)

    async def load(self, visit: Visit) -> Context:
        samples = await self._throughput.look()
        async with self._services.pool.acquire() as connection:
            overview = await table.read_overview(connection)
            counts = await console.count_states(connection)
        at, span, words = samples[-1].at, span_of(samples), visit.words
        return {
            "overview": overview,
            "load": samples[-1].load,
            "counts": [(each, counts[each]) for each in STATES if counts.get(each)],
            "span": span,
            "charts": [
                draw(words("Accepted"), words("messages/s"), rates(samples, "accepted"), at, span),
                draw(words("Finished"), words("messages/s"), rates(samples, "finished"), at, span),
                draw(words("Callbacks"), words("attempts/s"), rates(samples, "callbacks"), at, span),
                draw(words("Waiting"), words("messages"), heights(samples), at, span),
            ],
        }

    async def drain(self, visit: Visit, form: Form) -> Said:
        is_wanted = form.get("value") == "true"
        await self._api.call_as_partner("PUT", "/nodes/drain", {"node": form.get("node", ""), "value": is_wanted})
        return Said("The node hands its shards to the others." if is_wanted else "The node takes part again.")
