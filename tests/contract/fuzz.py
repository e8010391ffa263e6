"""Bodies that a JSON schema of a request model allows, as Hypothesis makes them up."""

import re
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

Schema = dict[str, Any]

LONGEST = 40  # characters or items where the schema allows more: length is no news to a fuzzer

_TEXT = st.characters(exclude_categories=("Cs",), exclude_characters="\0")


def bodies(schema: Schema) -> st.SearchStrategy[Any]:
    return _value(schema, schema.get("$defs", {}))


def is_conditional(schema: Any) -> bool:
    """Whether some object in it has rules across its fields, which are not followed here."""
    if isinstance(schema, list):
        return any(is_conditional(each) for each in schema)
    if not isinstance(schema, dict):
        return False
    has_rules = "properties" in schema and not {"anyOf", "allOf", "not"}.isdisjoint(schema)
    return has_rules or any(is_conditional(each) for each in schema.values())


def _value(schema: Schema, known: Schema) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _value(known[schema["$ref"].rpartition("/")[2]], known)
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "properties" in schema:
        return _object(schema, known)
    if "anyOf" in schema:
        return st.one_of(*(_value(each, known) for each in schema["anyOf"]))
    if "allOf" in schema:
        (only,) = schema["allOf"]
        return _value(only, known)
    return _plain(schema, known)


def _plain(schema: Schema, known: Schema) -> st.SearchStrategy[Any]:
    match schema["type"]:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema.get("minimum", -(2**31)), schema.get("maximum", 2**31))
        case "number":
            return st.floats(
                schema.get("minimum", -1e9), schema.get("maximum", 1e9), allow_nan=False, allow_infinity=False
            )
        case "array":
            least = schema.get("minItems", 0)
            return st.lists(_value(schema["items"], known), min_size=least, max_size=max(least, 3))
        case "string":
            return _text(schema)
    raise NotImplementedError(schema)


def _text(schema: Schema) -> st.SearchStrategy[str]:
    if schema.get("format") == "date-time":
        return st.datetimes(datetime(2030, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)).map(datetime.isoformat)
    least, most = schema.get("minLength", 0), schema.get("maxLength", LONGEST)
    if "pattern" in schema:
        made = st.from_regex(re.compile(schema["pattern"], re.ASCII), fullmatch=True)
        return made.filter(lambda text: least <= len(text) <= most and "\0" not in text)
    return st.text(_TEXT, min_size=least, max_size=min(most, LONGEST))


def _object(schema: Schema, known: Schema) -> st.SearchStrategy[dict[str, Any]]:
    needed = set(schema.get("required", ()))
    fields = {name: _value(each, known) for name, each in schema["properties"].items()}
    return st.fixed_dictionaries(
        {name: each for name, each in fields.items() if name in needed},
        optional={name: each for name, each in fields.items() if name not in needed},
    )
