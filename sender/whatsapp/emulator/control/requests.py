"""Reading requests of the control API: bodies by model, numbers in the query, accounts by phone number."""

from typing import Annotated, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sender.whatsapp.emulator.accounts import Account
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.group import Group
from sender.whatsapp.emulator.handset.handset import Handset

MAX_WAIT = 300.0  # seconds that a long poll may take

Phone = Annotated[str, Field(pattern=r"^[1-9][0-9]{4,14}$")]


class Problem(Exception):
    """The request cannot be met; the client is told why."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


class Body(BaseModel):
    """An unknown member is a mistake that a test wants to hear of."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Model = TypeVar("Model", bound=Body)


async def read(request: web.Request, model: type[Model]) -> Model:
    """The body as a model. Raises Problem."""
    try:
        return model.model_validate_json(await request.read())
    except ValidationError as error:
        raise Problem(400, _explain(error)) from error


def number(request: web.Request, name: str, default: float, maximum: float) -> float:
    """A number of the query. Raises Problem."""
    text = request.query.get(name)
    try:
        value = default if text is None else float(text)
    except ValueError as error:
        raise Problem(400, f"{name} must be a number") from error
    if not 0 <= value <= maximum:
        raise Problem(400, f"{name} must be between 0 and {maximum:g}")
    return value


def account(directory: Directory, phone: str) -> Account:
    """Raises Problem."""
    found = directory.by_phone(phone)
    if found is None:
        raise Problem(404, f"there is no account {phone}")
    return found


def chat(handset: Handset, name: str) -> Account | Group:
    """The chat that is called by a phone number or a group's address. Raises Problem."""
    found = handset.chat(name)
    if found is None:
        raise Problem(404, f"there is no chat {name}")
    return found


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else str(first["msg"])
