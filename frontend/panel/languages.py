"""Languages: the panel speaks English, Portuguese and Spanish; texts are written in English and looked up.

Only names such as `logged-out` have a text in English, too.
"""

from collections.abc import Mapping
from importlib import resources

import orjson

COOKIE = "pombo_language"
NAMES: Mapping[str, str] = {"en": "English", "pt": "Português", "es": "Español"}
DEFAULT = "en"
MOST_RANGES = 20  # of an Accept-Language header that are looked at


class Words:
    """One language. `words("{count} waiting", count=3)`; what is not known is said in English."""

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = texts

    def __call__(self, text: str, /, **values: object) -> str:
        found = self._texts.get(text, text)
        return found.format(**values) if values else found


class Languages:
    def __init__(self) -> None:
        folder = resources.files("frontend.panel").joinpath("words")
        self._words = {
            language: Words(language, orjson.loads(folder.joinpath(f"{language}.json").read_bytes()))
            for language in NAMES
        }

    def choose(self, cookie: str | None, accepted: str | None) -> Words:
        """What the switch said, or else what the browser likes most of what there is."""
        if cookie is not None and cookie in NAMES:
            return self._words[cookie]
        return self._words[_liked_most(accepted or "")]


def _liked_most(accepted: str) -> str:
    best, weight = DEFAULT, 0.0
    for range_ in accepted.split(",")[:MOST_RANGES]:
        name, _, parameter = range_.partition(";")
        language = name.strip().lower().partition("-")[0]
        if language in NAMES and (quality := _quality(parameter)) > weight:
            best, weight = language, quality
    return best


def _quality(parameter: str) -> float:
    try:
        return float(parameter.strip().removeprefix("q=")) if parameter.strip() else 1.0
    except ValueError:
        return 0.0
