"""Dispatch: one ASGI app for all operations. Match, authenticate, read, validate, perform, answer.

This is the hot path. What requests can share is made once in `routes.py`; nothing of Starlette's is built per request.
"""

import hashlib
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel, ValidationError

from common import logs
from common.addresses import InvalidPhone
from common.clock import Clock
from common.identifiers import new_message_id, new_zaap_id
from common.postgres import OUTAGES
from common.requests.messages.outgoing import InvalidPath, Outgoing
from common.scrub import scrub
from common.sentry import Reports
from common.tables.instance import Access
from common.tables.message import NewMessage
from frontend import problems
from frontend.admission import Admission
from frontend.ask import Ask as Asking
from frontend.audit import Audit
from frontend.authentication import Authentication, Instances
from frontend.bodies import ClientGone, Headers, Limits, Receive, parse_query, read_body, refuse_nul, require_json
from frontend.enqueue import Enqueue, IdempotencyKey, KeyConflict, QueueFull
from frontend.intake import Files, Intake
from frontend.operation import Ask, Call, Guard, Plain, Read, Unavailable, Write
from frontend.problems import Problem
from frontend.routes import Route, Routes
from frontend.services import Services

Message = MutableMapping[str, Any]
SendAnswer = Callable[[Message], Awaitable[None]]
Answer = tuple[Message, bytes]

LONGEST_KEY = 255

_JSON = (b"content-type", b"application/json")
_TEXT = (b"content-type", b"text/plain; charset=utf-8")

log = logs.get(__name__)


class Dispatch:
    def __init__(
        self,
        routes: Routes,
        authentication: Authentication,
        instances: Instances,
        enqueue: Enqueue,
        ask: Asking,
        services: Services,
        intake: Intake,
        reports: Reports,
        limits: Limits,
        admission: Admission,
        audit: Audit,
        *,
        max_attempts: int,
        disconnected_limit: int,
        access_log: bool = False,
    ) -> None:
        self._routes = routes
        self._authentication = authentication
        self._instances = instances
        self._enqueue = enqueue
        self._ask = ask
        self._services = services
        self._intake = intake
        self._reports = reports
        self._limits = limits
        self._admission = admission
        self._audit = audit
        self._max_attempts = max_attempts
        self._disconnected_limit = disconnected_limit
        self._access_log = access_log
        self._clock: Clock = services.clock

    async def __call__(self, scope: Message, receive: Receive, send: SendAnswer) -> None:
        started = self._clock.elapsed()
        route, instance, token, variable = self._routes.match(scope["method"], scope["path"])
        try:
            start, body = await self._answer(route, instance, token, variable, scope, receive, started)
        except Problem as problem:
            start, body = _refusal(problem)
        except ClientGone:
            return
        except OUTAGES as error:
            log.warning("request met an outage", route=route.template, error=type(error).__name__)
            start, body = _refusal(_unavailable())
        except Exception as error:
            self._unexpected(error, route, instance)
            start, body = _refusal(Problem(500, "internal error"))
        await send(start)
        await send({"type": "http.response.body", "body": body})
        took = self._clock.elapsed() - started
        route.done(start["status"], took)
        if self._access_log:
            # The template, never the path: the path holds the token.
            log.info(
                "request",
                method=scope["method"],
                route=route.template,
                instance=_readable(instance),
                status=start["status"],
                took=round(took, 6),
            )

    async def _answer(
        self, route: Route, instance: str, token: str, variable: str, scope: Message, receive: Receive, now: float
    ) -> Answer:
        if len(scope["raw_path"]) + len(scope["query_string"]) > self._limits.address:
            raise problems.uri_too_long(self._limits.address)
        headers: Headers = dict(scope["headers"])
        if not self._admission.is_open:
            await self._admission.enter(scope["client"], headers)
        access = await self._authenticate(route, instance, token, headers, now)
        if access is not None and not self._admission.is_open:
            await self._admission.of_instance(access.id.hex)
        if route.refusal is not None:
            raise route.refusal
        place = None if route.place is None else _placed(route, variable)
        body = None
        if route.body is not None:
            require_json(headers, is_optional=route.is_body_optional)
            if route.media is not None:
                assert access is not None
                with self._intake.begin(route.media) as files:
                    body = _validated(route, await files.read(receive, headers))
                    return await self._send(route, access, body, variable, headers, files)
            raw = await read_body(receive, headers, self._limits)
            body = _validated(route, raw)
        query = None if route.query is None else parse_query(route.query, scope["query_string"])
        if route.is_send:
            assert access is not None
            return await self._send(route, access, query if body is None else body, variable, headers)
        answer = await self._perform(route, Call(query, body, variable, access, place))
        if route.is_audited:
            address = self._admission.address(scope["client"], headers)
            action = f"{scope['method']} {route.template}"
            await self._audit.note(
                route.guard.value, action, None if access is None else access.id, address, answer[0]["status"]
            )
        return answer

    async def _authenticate(
        self, route: Route, instance: str, token: str, headers: Headers, now: float
    ) -> Access | None:
        if route.is_partner:
            if route.guard is Guard.ADMIN:
                self._authentication.admin(headers)
            else:
                self._authentication.partner(headers)
            return await self._authentication.instance(instance, token, now) if instance else None
        if not instance:
            return None
        access = await self._authentication.instance(instance, token, now)
        self._authentication.client(access, headers)
        return access

    async def _send(
        self,
        route: Route,
        access: Access,
        request: Any,
        variable: str,
        headers: Headers,
        files: Files | None = None,
    ) -> Answer:
        outgoing: Outgoing = request
        try:
            if route.has_variable:
                outgoing = outgoing.at(variable)
            chat = outgoing.chat
        except (InvalidPhone, InvalidPath) as error:
            raise problems.bad_request(str(error)) from None
        too_late = None if outgoing.expiresAt is None else self._too_late(outgoing)
        # Exactly the fields that were given and understood: what the composer reads again.
        payload: bytes = route.to_json(outgoing, exclude_unset=True, exclude_none=True)
        if files is not None:
            payload = await files.settle(payload, access.id, outgoing.scheduledFor)
        name = headers.get(b"idempotency-key")
        message = NewMessage(
            instance_id=access.id,
            shard=access.shard,
            zaap_id=new_zaap_id(),
            message_id=new_message_id(),
            kind=route.kind,
            chat=chat,
            payload=payload.decode(),
            max_attempts=self._max_attempts,
            delay_message=outgoing.delayMessage,
            delay_typing=outgoing.delayTyping or 0,
            scheduled_at=outgoing.scheduledFor,
            expires_at=outgoing.expiresAt,
            limit=None if access.is_connected else self._waiting_limit(access),
        )
        try:
            key = None if name is None else _key(name, route.kind, payload)
            ticket = await self._enqueue.put(message, key, too_late)
        except QueueFull:
            raise Problem(429, _full(access, self._disconnected_limit)) from None
        except KeyConflict:
            raise Problem(409, "this Idempotency-Key was used with another body") from None
        assert route.accepted is not None
        return route.accepted(ticket)

    async def _perform(self, route: Route, call: Call[Any, Any]) -> Answer:
        effect = route.effect
        if isinstance(effect, Ask):
            given = {"variable": call.variable}
            for part in (call.place, call.query, call.body):
                given |= {} if part is None else _members(part)
            value = await self._ask.ask(call.access, effect.question, given)
            return _asked(route, value)
        if isinstance(effect, Unavailable):
            raise problems.not_supported(effect.missing)
        assert isinstance(effect, Read | Write)
        reply = await effect.perform(self._services, call)
        if isinstance(effect, Write) and call.caller is not None:
            self._instances.forget(call.caller.id)
        if isinstance(reply, Plain):
            return _start(route.status, _TEXT, len(reply)), reply.encode()
        body: bytes = reply.__pydantic_serializer__.to_json(reply, by_alias=True)
        return _start(route.status, _JSON, len(body)), body

    def _too_late(self, outgoing: Outgoing) -> Problem | None:
        expires = outgoing.expiresAt
        if expires is None or expires > (outgoing.scheduledFor or self._clock.now()):
            return None
        return problems.bad_request("expiresAt: must be later than now and than scheduledFor")

    def _waiting_limit(self, access: Access) -> int:
        return 0 if access.disable_enqueue_when_disconnected else self._disconnected_limit

    def _unexpected(self, error: Exception, route: Route, instance: str) -> None:
        if getattr(error, "is_told", False):
            return  # one error of a batch, which each of its requests raises
        error.is_told = True  # type: ignore[attr-defined]
        known = _readable(instance)
        trace = scrub("".join(traceback.format_exception(error)))
        log.error("unexpected error", route=route.template, instance=known, trace=trace)
        self._reports.report(error, instance_id=known)


def _readable(instance: str) -> str | None:
    """The path's instance as every log spells it. What is no id is not shown: it may be a token in the wrong place."""
    try:
        return str(UUID(instance)) if instance else None
    except ValueError:
        return None


def _placed(route: Route, variable: str) -> BaseModel:
    assert route.place is not None
    try:
        return route.place.model_validate(dict(zip(route.variables, variable.split("/"), strict=True)))
    except ValidationError as error:
        raise problems.invalid_place(error) from None


def _validated(route: Route, raw: bytes) -> BaseModel:
    """An empty body is an empty object: whether that is enough is the model's to say."""
    try:
        request: BaseModel = route.validate(raw or b"{}")
    except ValidationError as error:
        raise problems.invalid(error) from None
    refuse_nul(raw, request)
    return request


def _key(name: bytes, kind: str, payload: bytes) -> IdempotencyKey:
    """The fingerprint is of what was understood, so spacing and the order of members make no other body."""
    if not 0 < len(name) <= LONGEST_KEY or not all(32 < byte < 127 for byte in name):
        raise problems.bad_request(f"Idempotency-Key: 1 to {LONGEST_KEY} visible ASCII characters")
    return IdempotencyKey(name.decode(), hashlib.sha256(kind.encode() + b"\0" + payload).digest())


def _members(part: BaseModel) -> dict[str, Any]:
    """A part of a request as arguments of a question; a bare list is its `items`."""
    members: Any = part.model_dump()
    return {"items": members} if isinstance(members, list) else members


def _asked(route: Route, value: Any) -> Answer:
    """What the owner said, held to the reply model; members that it did not say are left out."""
    assert route.operation is not None
    try:
        reply = route.operation.reply.model_validate(value)  # type: ignore[union-attr]
    except ValidationError:
        raise Problem(502, "the node that holds this instance gave an answer that is not understood") from None
    body: bytes = reply.__pydantic_serializer__.to_json(reply, by_alias=True, exclude_unset=True)
    return _start(route.status, _JSON, len(body)), body


def _full(access: Access, limit: int) -> str:
    if access.disable_enqueue_when_disconnected:
        return "the instance is not connected and takes no messages meanwhile"
    return f"the queue of this disconnected instance is full ({limit} messages)"


def _unavailable() -> Problem:
    return Problem(503, "the queue cannot be reached now; try again", ((b"retry-after", b"1"),))


def _refusal(problem: Problem) -> Answer:
    body = orjson.dumps(problem.body)
    return _start(problem.status, _JSON, len(body), *problem.headers), body


def _start(status: int, content_type: tuple[bytes, bytes], length: int, *more: tuple[bytes, bytes]) -> Message:
    headers = [content_type, (b"content-length", str(length).encode()), *more]
    return {"type": "http.response.start", "status": status, "headers": headers}
