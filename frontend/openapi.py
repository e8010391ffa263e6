"""OpenAPI: the table of operations as an OpenAPI 3.1 document, made once at the start."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from common.requests.messages.file import EXTENSION_PATTERN
from frontend.media_fields import media_fields
from frontend.operation import Ask, Guard, Operation, Plain, Send, Unavailable
from frontend.replies.common import Error, Unsupported

Json = dict[str, Any]

_REFERENCE = "#/components/schemas/{model}"
_INTRODUCTION = """
A WhatsApp gateway that speaks Z-API. An answer of a send means that the message is stored: it will be put on the wire
in its chat's order. Every refusal is `{"error": "<text>"}` with its status.
""".strip()

_MEANINGS = {
    400: "A field is missing or not valid",
    401: "Instance, token or partner token not valid",
    403: "Client-Token or address not allowed, or the instance has run out",
    404: "Not found",
    405: "Another method is meant",
    408: "The body did not arrive in time",
    409: "In conflict with what happened before",
    413: "The body is too large",
    414: "The address is too long",
    415: "The body is not said to be JSON",
    429: "The queue of a disconnected instance is full, or requests come too fast",
    500: "An error of ours",
    501: "Not possible: what is missing upstream is said, and the code is always the same",
    502: "The node that holds the instance gave no valid answer",
    503: "A part that is needed cannot be reached; try again",
    504: "The node that holds the instance did not answer in time",
    507: "There is no space left for files",
}

_IN_PATH: dict[str, Json] = {
    "instanceId": {"description": "Id of the instance.", "example": "3D0A11BB22CC33DD44EE55FF66007788"},
    "token": {"description": "Token of the instance.", "example": "F2A41C55B0E35D668A10C3D4"},
    "extension": {
        "description": "File extension without its dot.",
        "example": "pdf",
        "schema": {"type": "string", "pattern": EXTENSION_PATTERN},
    },
    "zaapId": {"description": "The zaapId that the send answered.", "example": "019D4410C6E57B7D8C2F9E8A6B1D0C3F"},
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key with the same body is one message, however often it is sent, and has one answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def build(operations: Sequence[Operation], *, version: str, url: str = "") -> Json:
    """`url` is where the API is served from; without it the document says "here"."""
    schemas, references = _schemas(operations)
    paths: Json = {}
    for operation in operations:
        paths.setdefault(operation.template, {})[operation.method.lower()] = _describe(operation, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Pombo",
            "version": version,
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": url or "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "client": {"type": "apiKey", "in": "header", "name": "Client-Token"},
                "partner": {"type": "http", "scheme": "bearer"},
                "admin": {"type": "http", "scheme": "bearer"},
            },
        },
    }


_References = Mapping[tuple[type[BaseModel], JsonSchemaMode], Json]


def _schemas(operations: Iterable[Operation]) -> tuple[Json, _References]:
    """All models together, so that two of one name get two names."""
    wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {
        (Error, "serialization"): None,
        (Unsupported, "serialization"): None,
    }
    for operation in operations:
        if operation.body is not None:
            wanted[operation.body, "validation"] = None
        if operation.reply is not None and not issubclass(operation.reply, Plain):
            wanted[operation.reply, "serialization"] = None
    references, definitions = models_json_schema(list(wanted), ref_template=_REFERENCE)
    return definitions.get("$defs", {}), cast(_References, references)


def _describe(operation: Operation, references: _References) -> Json:
    described: Json = {
        "operationId": _name(operation),
        "summary": operation.summary,
        "tags": [operation.tag],
        "security": [] if operation.guard is Guard.NOBODY else [{operation.guard.value: []}],
        "parameters": _parameters(operation),
        "responses": _responses(operation, references),
        "x-support": _support(operation),
    }
    if operation.deprecated:
        described["deprecated"] = True
    if operation.body is not None:
        content: Json = {"schema": references[operation.body, "validation"]}
        if operation.example is not None:
            content["example"] = operation.example
        described["requestBody"] = {
            "required": not operation.body_optional,
            "content": {"application/json": content},
        }
    return described


def _support(operation: Operation) -> Json:
    support = operation.support
    told = {"direct": support.direct.value, "relay": support.relay.value}
    return {**told, "missing": support.missing} if support.missing else told


def _parameters(operation: Operation) -> list[Json]:
    found: list[Json] = []
    places: Json = {} if operation.place is None else operation.place.model_json_schema()["properties"]
    for segment in operation.template.split("/"):
        if segment.startswith("{"):
            name = segment.strip("{}")
            described = {"schema": {"type": "string"}, **_IN_PATH.get(name, {})}
            if name in places:
                described["schema"] = {key: part for key, part in places[name].items() if key != "title"}
            found.append({"name": name, "in": "path", "required": True, **described})
    if operation.query is not None:
        schema = operation.query.model_json_schema()
        required = schema.get("required", ())
        for name, field in schema["properties"].items():
            described = {key: field.pop(key) for key in ("description",) if key in field}
            field.pop("title", None)
            found.append({"name": name, "in": "query", "required": name in required, "schema": field, **described})
    if isinstance(operation.effect, Send):
        found.append(_IDEMPOTENCY_KEY)
    return found


def _responses(operation: Operation, references: _References) -> Json:
    done: Json = {"description": "Done"}
    if operation.reply is not None and issubclass(operation.reply, Plain):
        done["content"] = {"text/plain": {"schema": {"type": "string"}}}
    elif operation.reply is not None:
        done["content"] = {"application/json": {"schema": references[operation.reply, "serialization"]}}
    answered: Json = {str(operation.status): done}
    error = {"application/json": {"schema": references[Error, "serialization"]}}
    for status in sorted(_refusals(operation)):
        answered[str(status)] = {"description": _MEANINGS[status], "content": error}
    if "501" in answered:
        unsupported = {"application/json": {"schema": references[Unsupported, "serialization"]}}
        answered["501"] = {"description": _MEANINGS[501], "content": unsupported}
    return answered


def _refusals(operation: Operation) -> set[int]:
    statuses = {414, 500, 503, *operation.refusals}
    if operation.guard not in (Guard.CLIENT, Guard.NOBODY) or operation.is_below_instance:
        statuses.add(401)
    if operation.guard is Guard.CLIENT:
        statuses.add(403)
    if operation.support.missing or isinstance(operation.effect, Ask | Unavailable):
        statuses.add(501)
    if operation.query is not None or operation.body is not None or operation.place is not None:
        statuses.add(400)
    if operation.body is not None:
        statuses |= {408, 413, 415}
    if isinstance(operation.effect, Send):
        statuses |= {409, 429}
        if operation.body is not None and media_fields(operation.body) is not None:
            statuses.add(507)
    if isinstance(operation.effect, Ask):
        statuses |= {502, 504}
    return statuses


def _name(operation: Operation) -> str:
    """`GET queue/{zaapId}` becomes `get-queue-zaapId`."""
    words = operation.path.strip("/").replace("{", "").replace("}", "").replace("/", "-")
    return f"{operation.method.lower()}-{words}"
