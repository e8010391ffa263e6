"""Bodies: read whole, within a limit and a time, and turned into a request model."""

import asyncio
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from pydantic import BaseModel, ValidationError

from frontend import problems

Headers = dict[bytes, bytes]
Message = MutableMapping[str, Any]
Receive = Callable[[], Coroutine[Any, Any, Message]]

JSON = b"application/json"
MOST_QUERY_FIELDS = 50


class ClientGone(Exception):
    """The caller closed the connection before its request was complete."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of a body, seconds until it must be complete, bytes of an address."""

    body: int
    patience: float
    address: int


def require_json(headers: Headers, *, is_optional: bool) -> None:
    """415 unless the body is said to be JSON. Where the body is optional, nothing is asked of a request without one."""
    kind = headers.get(b"content-type")
    if kind != JSON:
        if is_optional and headers.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in headers:
            return
        if kind is None:
            raise problems.unsupported("Content-Type is missing; send application/json")
        if kind.partition(b";")[0].strip().lower() != JSON:
            raise problems.unsupported("Content-Type not supported; send application/json")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise problems.unsupported("Content-Encoding not supported; send the body as it is")


async def read_body(receive: Receive, headers: Headers, limits: Limits) -> bytes:
    """Raises a Problem when it is too large or too slow, ClientGone when the caller has left."""
    declared = headers.get(b"content-length")
    if declared is not None and declared.isdigit() and int(declared) > limits.body:
        raise problems.too_large(limits.body, will_wait=b"expect" in headers)
    # Most bodies are there, whole, when they are asked for. A timer costs more than all the rest of this function,
    # so the first step is made without one and only what has to be waited for gets it.
    first = receive()
    try:
        pending = first.send(None)
    except StopIteration as arrived:
        message = arrived.value
        if not message.get("more_body"):
            return _checked(_part(message), limits.body)
        rest = _read_rest(receive, _part(message), limits.body)
    else:
        rest = _read_all(_resumed(first, pending), receive, limits.body)
    try:
        async with asyncio.timeout(limits.patience):
            return _checked(await rest, limits.body)
    except TimeoutError:
        raise problems.Problem(408, "the body did not arrive in time", problems.CLOSE) from None


@types.coroutine
def _resumed(call: Coroutine[Any, Any, Message], pending: Any) -> Generator[Any, Any, Message]:
    """The rest of a call whose first step has been made; `pending` is what that step waits for."""
    try:
        while True:
            try:
                sent = yield pending
            except BaseException as error:
                pending = call.throw(error)
            else:
                pending = call.send(sent)
    except StopIteration as done:
        message: Message = done.value
        return message


async def _read_all(first: Awaitable[Message], receive: Receive, limit: int) -> bytes:
    message = await first
    part = _part(message)
    return await _read_rest(receive, part, limit) if message.get("more_body") else part


async def _read_rest(receive: Receive, first: bytes, limit: int) -> bytes:
    parts, size, has_more = [first], len(first), True
    while has_more and size <= limit:
        message = await receive()
        part = _part(message)
        parts.append(part)
        size += len(part)
        has_more = message.get("more_body", False)
    return b"".join(parts)


def _part(message: Message) -> bytes:
    if message["type"] != "http.request":
        raise ClientGone
    part: bytes = message.get("body", b"")
    return part


def _checked(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise problems.too_large(limit)
    return body


def parse_query(model: type[BaseModel], query: bytes) -> BaseModel:
    """The last value of a repeated name counts. Names that the operation does not know are ignored, as unknown members
    of a body are: clients of the API that this one follows send them. Raises a Problem for a bad value of a known one.
    """
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_QUERY_FIELDS)
        if any("\0" in value for _, value in pairs):
            raise problems.bad_request("query: must not contain the character NUL")
        return model.model_validate(dict(pairs))
    except ValidationError as error:
        raise problems.invalid(error) from None
    except ValueError:
        raise problems.bad_request("query: too many fields") from None


def refuse_nul(body: bytes, request: BaseModel) -> None:
    """JSON can spell NUL, Postgres and WhatsApp cannot. Raises a Problem that names the field."""
    if b"\\u0000" not in body:
        return
    # The spelling may also be an escaped backslash and four zeros: look at what was read.
    if path := _find_nul(orjson.loads(request.model_dump_json(exclude_unset=True))):
        raise problems.bad_request(f"{path}: must not contain the character NUL")


def _find_nul(value: Any, path: str = "") -> str | None:
    if isinstance(value, str):
        return path if "\0" in value else None
    if isinstance(value, dict):
        parts = [(f"{path}.{name}" if path else name, part) for name, part in value.items()]
    elif isinstance(value, list):
        parts = [(f"{path}.{place}", part) for place, part in enumerate(value)]
    else:
        return None
    return next((found for name, part in parts if (found := _find_nul(part, name))), None)
