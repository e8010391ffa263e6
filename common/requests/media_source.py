"""Where the file of a media field is: a public URL, a data URI or, in a stored row only, a file that is kept here."""

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from common.requests.fields import LONGEST_URL, URL_PATTERN

STORED: Mapping[str, Any] = {"is_stored": True}
"""Validation context of whoever reads a stored row: there a field may also name a file that the gateway keeps."""

REFERENCE = "media:"
"""How the name of a kept file begins. A caller may not write it: it would be a file of somebody else."""

_URL = re.compile(URL_PATTERN)
_DATA_URI = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[\w.+-]+=[\w.+-]+)*;base64,", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MediaField:
    """An annotation. `mimes` are those that a data URI may name (empty: any), `largest` the bytes it may hold.

    A URL is never judged by its ending, nor a data URI by more than its own words: what the file really is shows when
    it is looked at.
    """

    mimes: frozenset[str] = field(default_factory=frozenset)
    largest: int | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self._check, core_schema.str_schema())

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        mime = "|".join(re.escape(mime) for mime in sorted(self.mimes)) or "[a-z]+/[a-z0-9.+-]+"
        return {
            "anyOf": [
                {"type": "string", "pattern": URL_PATTERN, "maxLength": LONGEST_URL},
                {"type": "string", "pattern": f"^data:(?:{mime});base64,(?:[A-Za-z0-9+/]{{4}})+$"},
            ],
            "description": "A public URL, or a data URI in base64.",
        }

    def _check(self, value: str, info: ValidationInfo) -> str:
        if value.startswith(REFERENCE) and info.context is STORED:
            return value
        if _URL.fullmatch(value):
            if len(value) > LONGEST_URL:
                raise ValueError(f"the URL is longer than {LONGEST_URL} characters")
            return value
        match = _DATA_URI.match(value)
        if match is None:
            raise ValueError("write an http(s) URL, or a data URI such as data:image/png;base64,...")
        self._check_data(match[1].lower(), value[match.end() :])
        return value

    def _check_data(self, mime: str, payload: str) -> None:
        if self.mimes and mime not in self.mimes:
            raise ValueError(f"the data URI must be of {' or '.join(sorted(self.mimes))}")
        if self.largest is not None and len(payload) * 3 // 4 > self.largest + 2:
            raise ValueError(f"the file is larger than {self.largest} bytes")
        try:
            size = len(binascii.a2b_base64(payload, strict_mode=True))
        except ValueError:
            raise ValueError("the data URI does not hold valid base64") from None
        if size == 0:
            raise ValueError("the data URI is empty")
        if self.largest is not None and size > self.largest:
            raise ValueError(f"the file is larger than {self.largest} bytes")


MediaSource = Annotated[str, MediaField()]
Mp4Source = Annotated[str, MediaField(frozenset({"video/mp4"}))]
