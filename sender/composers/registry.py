"""Which composer makes which kind of message: stored request -> waE2E.Message."""

from collections.abc import Callable, Mapping

from pydantic import ValidationError

from common.errors import CannotCompose
from sender.composers import text
from sender.whatsapp.protobuf import Message

COMPOSERS: Mapping[str, Callable[[str], Message]] = {
    "text": text.compose,
}


def compose(kind: str, payload: str) -> Message:
    """Raises CannotCompose for a kind or a payload that this version cannot read."""
    composer = COMPOSERS.get(kind)
    if composer is None:
        raise CannotCompose(f"messages of kind {kind} cannot be sent by this version")
    try:
        return composer(payload)
    except ValidationError as error:
        raise CannotCompose(f"the stored request is not valid: {error.error_count()} errors") from error
