"""The system: nodes with shards, sessions and leases, what waits and for how long, how much goes through."""

from collections.abc import Sequence
from datetime import timedelta

from common.tables import console
from common.tables import node as table
from common.tables.load_sample import Sample
from frontend.panel.api import Api
from frontend.panel.charts import Chart, draw
from frontend.panel.languages import Words
from frontend.panel.throughput import Throughput, heights, rates, span_of
from frontend.panel.views.instances import STATES
from frontend.panel.visit import Action, Context, Form, Said, View, Visit
from frontend.services import Services

SPANS = {
    "10m": timedelta(minutes=10),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
}
USUAL = "1h"


class System:
    def __init__(self, services: Services, api: Api, throughput: Throughput, *, may_drain: bool) -> None:
        """`may_drain`: the partner, who is logged in, may do that; with a token of its own for it he may not."""
        self._services = services
        self._api = api
        self._throughput = throughput
        self._may_drain = may_drain

    @property
    def views(self) -> tuple[View, ...]:
        return (View("/panel/system", "system.html", self.load, ("load", "charts", "nodes")),)

    @property
    def actions(self) -> tuple[Action, ...]:
        return (Action("/panel/system/drain", self.drain, "/panel/system"),)

    async def load(self, visit: Visit) -> Context:
        asked = visit.query("span")
        chosen = asked if asked in SPANS else USUAL
        look = await self._throughput.look(SPANS[chosen])
        async with self._services.pool.acquire() as connection:
            overview = await table.read_overview(connection)
            counts = await console.count_states(connection)
        span = span_of(look.samples, SPANS[chosen])
        return {
            "overview": overview,
            "load": look.load,
            "counts": [(each, counts[each]) for each in STATES if counts.get(each)],
            "span": span,
            "spans": list(SPANS),
            "chosen": chosen,
            "charts": _charts(look.samples, span, visit.words),
            "may_drain": self._may_drain,
        }

    async def drain(self, visit: Visit, form: Form) -> Said:
        is_wanted = form.get("value") == "true"
        body = {"node": form.get("node", ""), "value": is_wanted}
        await self._api.call_as_partner(visit, "PUT", "/nodes/drain", body)
        return Said("The node hands its shards to the others." if is_wanted else "The node takes part again.")


def _charts(samples: Sequence[Sample], span: timedelta, words: Words) -> list[Chart]:
    at = samples[-1].at
    messages_a_second = words("messages/s")
    return [
        draw(words("Accepted"), messages_a_second, rates(samples, "accepted"), at, span),
        draw(words("Finished"), messages_a_second, rates(samples, "finished"), at, span),
        draw(words("Callbacks"), words("attempts/s"), rates(samples, "callbacks"), at, span),
        draw(words("Waiting"), words("messages"), heights(samples, lambda each: each.messages), at, span),
        draw(words("Oldest due"), words("seconds"), heights(samples, _age), at, span),
        draw(words("Sessions"), words("on all nodes"), heights(samples, lambda each: each.sessions), at, span),
    ]


def _age(sample: Sample) -> float:
    return 0.0 if sample.message_age is None else sample.message_age.total_seconds()
