"""The graph: stored questions of WhatsApp's own, asked by number (w:mex), with JSON in and out."""

from collections.abc import Mapping
from typing import Any

import orjson

from sender.whatsapp.powers.refusals import NotUnderstood, QuestionRefused
from sender.whatsapp.relay.asking import Ask, ask_in, understood
from sender.whatsapp.wire.node import Node

NAMESPACE = "w:mex"
_BAD_REQUEST = 400


class Graph:
    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def query(self, number: str, variables: Mapping[str, Any], told: str) -> Mapping[str, Any]:
        """The member `told` of the answer's data. Raises DeliveryErrors; the graph's own refusals have its number."""
        question = Node("query", {"query_id": number}, orjson.dumps({"variables": variables}))
        answer = await ask_in(self._ask, NAMESPACE, "get", question)
        with understood():
            body = answer.child("result").data
        try:
            content = orjson.loads(body)
            if errors := content.get("errors"):
                raise QuestionRefused(_number(errors[0]))
            found = content["data"][told]
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise NotUnderstood("an answer of the graph") from error
        if not isinstance(found, dict):
            raise NotUnderstood("an answer of the graph without what was asked for")
        return found


def _number(error: Mapping[str, Any]) -> int:
    number = (error.get("extensions") or {}).get("error_code")
    return number if isinstance(number, int) else _BAD_REQUEST
