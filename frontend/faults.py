"""Faults: what a model found wrong with one field, as a clause that says what to write there instead.

The parser's own words name its classes and types; a caller knows the API and JSON.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from common.requests.fields import MEMBER_PATTERN, NUMBER_PATTERN, URL_PATTERN

FORMS: Mapping[str, str] = {
    URL_PATTERN: "write an http(s) URL",
    NUMBER_PATTERN: "write the digits of a number with its country code, such as 5511988887777",
    MEMBER_PATTERN: "write the digits of a number with its country code, such as 5511988887777, or a LID",
}
"""Patterns that are better described than shown."""

Values = Mapping[str, Any]

_TIME = "write the time in ISO 8601 with its offset, such as 2027-01-05T10:20:30Z"
_PLACE = re.compile(r"(?P<what>.*) at line (?P<line>\d+) column (?P<column>\d+)", re.DOTALL)

TEXTS: Mapping[str, str | Callable[[Values], str]] = {
    "missing": "field required",
    "string_type": "write a text",
    "string_too_short": lambda given: f"write at least {_count(given['min_length'], 'character')}",
    "string_too_long": lambda given: f"write at most {_count(given['max_length'], 'character')}",
    "string_pattern_mismatch": lambda given: FORMS.get(given["pattern"], f"write it in the form {given['pattern']}"),
    "literal_error": lambda given: f"write {given['expected'].replace(chr(39), '')}",
    "bool_type": "write true or false",
    "bool_parsing": "write true or false",
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_parsing_size": "write a smaller number",
    "int_from_float": "write a whole number",
    "float_type": "write a number",
    "float_parsing": "write a number",
    "finite_number": "write a finite number",
    "greater_than_equal": lambda given: f"write {_limit('of at least', 'not before', given['ge'])}",
    "greater_than": lambda given: f"write {_limit('above', 'after', given['gt'])}",
    "less_than_equal": lambda given: f"write {_limit('of at most', 'not after', given['le'])}",
    "less_than": lambda given: f"write {_limit('below', 'before', given['lt'])}",
    "list_type": "write a list",
    "too_short": lambda given: f"write a list of at least {_count(given['min_length'], 'item')}",
    "too_long": lambda given: f"write a list of at most {_count(given['max_length'], 'item')}",
    "model_type": "write an object",
    "dict_type": "write an object",
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "timezone_aware": _TIME,
    "uuid_type": "write a UUID",
    "uuid_parsing": "write a UUID",
}
"""By the parser's name of a fault; what it was given says the rest."""


def clause(fault: ErrorDetails) -> str:
    """The field and what to write there, never what it held."""
    field = ".".join(str(part) for part in fault["loc"]) or "body"
    text = TEXTS.get(fault["type"])
    if text is None:  # a model's own words
        own = fault["msg"].removeprefix("Value error, ")
        return f"{field}: {own[:1].lower()}{own[1:]}"
    return f"{field}: {text if isinstance(text, str) else text(fault.get('ctx', {}))}"


def not_json(message: str) -> str:
    """Where a body stops being JSON."""
    place = _PLACE.search(message)
    if place is None:
        return "the body is not valid JSON: it cannot be read"
    what = "it ends too early" if "EOF" in place["what"] else "it cannot be read"
    return f"the body is not valid JSON: {what}, at line {place['line']}, column {place['column']}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _limit(relation: str, relation_of_times: str, limit: float | str) -> str:
    """A limit that is a time is given as text."""
    if isinstance(limit, str):
        return f"a time {relation_of_times} {limit}"
    return f"a number {relation} {limit:g}" if abs(limit) < 1e6 else f"a number {relation} {int(limit)}"
