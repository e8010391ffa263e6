"""Which service answers which question (iq), by namespace and the tag of its content."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping

from common import logs
from sender.whatsapp.emulator.accounts import Device
from sender.whatsapp.emulator.connection import Connection
from sender.whatsapp.emulator.faults import QUESTION_KINDS, Faults
from sender.whatsapp.emulator.stanzas import Refused, Reply, error, result
from sender.whatsapp.wire.errors import WireError
from sender.whatsapp.wire.node import Node

Key = tuple[str, str | None]
"""Namespace and first child's tag; None as tag answers whatever has no entry of its own."""

Answer = Callable[[Device, Node], Reply]
PairingAnswer = Callable[[Connection, Node], Reply]

KEPT_UNKNOWN = 100

log = logs.get(__name__)


class Questions:
    def __init__(
        self, faults: Faults, answers: Mapping[Key, Answer], pairing_answers: Mapping[Key, PairingAnswer]
    ) -> None:
        self._faults = faults
        self._answers = answers
        self._pairing_answers = pairing_answers
        self.asked: Counter[str] = Counter()
        self.unknown: deque[str] = deque(maxlen=KEPT_UNKNOWN)

    def ask(self, connection: Connection, question: Node) -> None:
        """Answer one question. What has no handler is refused with 501 and remembered."""
        namespace = question.get("xmlns") or ""
        tag = question.children[0].tag if question.children else None
        self.asked[f"{namespace}/{tag}"] += 1
        fault = self._faults.take(QUESTION_KINDS, phone=_phone(connection), xmlns=namespace)
        if fault and fault.kind == "drop-question":
            return
        if fault and fault.kind == "slow-question":
            asyncio.get_running_loop().call_later(fault.seconds, self._answer, connection, question, (namespace, tag))
            return
        self._answer(connection, question, (namespace, tag), fault.code if fault else None)

    def _answer(self, connection: Connection, question: Node, key: Key, refusal_code: int | None = None) -> None:
        namespace, tag = key
        try:
            if refusal_code is not None:
                raise Refused(refusal_code, "injected")
            reply = self._reply(connection, question, (namespace, tag))
        except Refused as refusal:
            connection.send(error(question, refusal))
            return
        except WireError as problem:
            log.warning("question not understood", namespace=namespace, tag=tag, reason=str(problem))
            connection.send(error(question, Refused(400, "bad-request")))
            return
        connection.send(result(question, reply.content))
        if reply.then:
            reply.then()

    def _reply(self, connection: Connection, question: Node, key: Key) -> Reply:
        pairing = self._pairing_answers.get(key)
        if pairing:
            return pairing(connection, question)
        if connection.device is None:
            raise Refused(401, "not-authorized")
        answer = self._answers.get(key) or self._answers.get((key[0], None))
        if answer is None:
            self.unknown.append(f"{key[0]}/{key[1]}")
            log.warning("no answer to a question", namespace=key[0], tag=key[1])
            raise Refused(501, "feature-not-implemented")
        return answer(connection.device, question)


def _phone(connection: Connection) -> str | None:
    return connection.device.account.phone if connection.device else None
