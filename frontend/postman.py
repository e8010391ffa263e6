"""Postman: the OpenAPI document as a collection (v2.1), one folder a tag, and variables for what is one's own."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
METHODS = ("get", "put", "post", "delete", "patch")
# Names of variables of the collection for what each security scheme wants.
BEARERS = {"partner": "partnerToken", "admin": "adminToken"}
VARIABLES = ("baseUrl", "instanceId", "token", "clientToken", *BEARERS.values())


def build(document: Json) -> Json:
    folders: dict[str, list[Json]] = {}
    for path, method, operation in _operations(document):
        folders.setdefault(operation["tags"][0] or "other", []).append(_item(path, method, operation))
    base = document["servers"][0]["url"]
    return {
        "info": {
            "name": document["info"]["title"],
            "version": document["info"]["version"],
            "description": document["info"]["description"],
            "schema": SCHEMA,
        },
        "item": [{"name": name, "item": items} for name, items in folders.items()],
        "variable": [
            {"key": name, "value": base if name == "baseUrl" and base != "/" else "", "type": "string"}
            for name in VARIABLES
        ],
    }


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield path, method, methods[method]


def _item(path: str, method: str, operation: Json) -> Json:
    parameters = operation.get("parameters", [])
    query = [
        {"key": each["name"], "value": _shown(each), "disabled": not each.get("required", False)}
        for each in parameters
        if each["in"] == "query"
    ]
    segments = [_segment(part) for part in path.strip("/").split("/")]
    own = [
        {"key": each["name"], "value": _shown(each)}
        for each in parameters
        if each["in"] == "path" and each["name"] not in VARIABLES
    ]
    url: Json = {
        "raw": "{{baseUrl}}/" + "/".join(segments) + _raw(query),
        "host": ["{{baseUrl}}"],
        "path": segments,
        **({"query": query} if query else {}),
        **({"variable": own} if own else {}),
    }
    request: Json = {"method": method.upper(), "description": operation["summary"], "url": url}
    headers: list[Json] = []
    for scheme in next(iter(operation["security"]), {}):
        if scheme in BEARERS:
            value = f"{{{{{BEARERS[scheme]}}}}}"
            request["auth"] = {"type": "bearer", "bearer": [{"key": "token", "value": value, "type": "string"}]}
        else:
            headers.append({"key": "Client-Token", "value": "{{clientToken}}"})
    if (content := operation.get("requestBody", {}).get("content", {}).get("application/json")) is not None:
        headers.append({"key": "Content-Type", "value": "application/json"})
        raw = json.dumps(content.get("example", {}), indent=2, ensure_ascii=False)
        request["body"] = {"mode": "raw", "raw": raw, "options": {"raw": {"language": "json"}}}
    return {"name": operation["summary"], "request": {**request, "header": headers}, "response": []}


def _segment(part: str) -> str:
    if not part.startswith("{"):
        return part
    name = part[1:-1]
    return f"{{{{{name}}}}}" if name in VARIABLES else f":{name}"


def _shown(parameter: Mapping[str, Any]) -> str:
    schema = parameter.get("schema", {})
    return str(parameter.get("example", schema.get("example", schema.get("default", ""))))


def _raw(query: list[Json]) -> str:
    given = [f"{each['key']}={each['value']}" for each in query if not each["disabled"]]
    return "?" + "&".join(given) if given else ""
