"""Seats: the session of an instance with the power that a question needs, and refusals in the caller's words."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from uuid import UUID

from common import capabilities, logs
from common.capabilities import Capability
from common.errors import DeliveryError, NotConnected
from sender.answers import UNSUPPORTED, NoAnswer
from sender.sessions import Held
from sender.whatsapp.powers.chats import AddressBook, ChatList, Labels, Questions
from sender.whatsapp.powers.groups import Groups, GroupUnknown, HasGroups, NotAllowed
from sender.whatsapp.powers.inquiries import HasInquiries, Inquiries
from sender.whatsapp.powers.newsletters import HasNewsletters, Newsletters, NewsletterUnknown
from sender.whatsapp.powers.people import HasPeople, HasPrivacy, People, Privacy

log = logs.get(__name__)

Power = TypeVar("Power")

HeldOf = Callable[[UUID], Held | None]


class Seats:
    """Raises NoAnswer where nothing is connected, and where the session, in its mode, has no such power."""

    def __init__(self, held_of: HeldOf) -> None:
        self._held_of = held_of

    def held(self, instance: UUID) -> Held:
        held = self._held_of(instance)
        if held is None or not held.session.is_connected:
            raise NoAnswer(400, "You are not connected.")
        return held

    def groups(self, instance: UUID) -> Groups:
        session = self.held(instance).session
        if isinstance(session, HasGroups):
            return session.groups
        raise unsupported()

    def people(self, instance: UUID) -> People:
        session = self.held(instance).session
        if isinstance(session, HasPeople):
            return session.people
        raise unsupported()

    def people_if_connected(self, instance: UUID) -> People | None:
        """For answers that are only better with them."""
        held = self._held_of(instance)
        if held is None or not held.session.is_connected or not isinstance(held.session, HasPeople):
            return None
        return held.session.people

    def privacy(self, instance: UUID) -> Privacy:
        session = self.held(instance).session
        if isinstance(session, HasPrivacy):
            return session.privacy
        raise unsupported()

    def newsletters(self, instance: UUID) -> Newsletters:
        session = self.held(instance).session
        if isinstance(session, HasNewsletters):
            return session.newsletters
        raise unsupported()

    # --- what only sessions on some ways to WhatsApp have ---

    def chat_list(self, instance: UUID) -> ChatList:
        return self._having(instance, ChatList, Capability.CHAT_LIST)  # type: ignore[type-abstract]

    def labels(self, instance: UUID) -> Labels:
        return self._having(instance, Labels, Capability.LABELS)  # type: ignore[type-abstract]

    def address_book(self, instance: UUID) -> AddressBook:
        return self._having(instance, AddressBook, Capability.ADDRESS_BOOK)  # type: ignore[type-abstract]

    def questions(self, instance: UUID) -> Questions:
        return self._having(instance, Questions, Capability.QUESTIONS)  # type: ignore[type-abstract]

    def inquiries(self, instance: UUID) -> Inquiries:
        return self._having(instance, HasInquiries, Capability.QUESTIONS).inquiries  # type: ignore[type-abstract]

    def _having(self, instance: UUID, power: type[Power], needed: Capability) -> Power:
        session = self.held(instance).session
        if isinstance(session, power):
            return session
        raise NoAnswer(501, capabilities.refusal(needed), UNSUPPORTED)


def unsupported(what: str = "the session of this instance cannot do this") -> NoAnswer:
    return NoAnswer(501, f"not possible here: {what}", UNSUPPORTED)


@contextmanager
def reading() -> Iterator[None]:
    """What WhatsApp does not have, or does not show, is 404."""
    try:
        yield
    except (GroupUnknown, NewsletterUnknown, NotAllowed) as error:
        raise NoAnswer(404, str(error)) from None
    except DeliveryError as error:
        raise refusal(error) from None


class Doing:
    """Whether WhatsApp did it: a refusal is false, not an error."""

    def __init__(self) -> None:
        self.is_done = True


@contextmanager
def doing(instance: UUID, what: str) -> Iterator[Doing]:
    done = Doing()
    try:
        yield done
    except DeliveryError as error:
        if error.retry:
            raise refusal(error) from None
        log.info("not done", what=what, instance=instance, error_class=error.code)
        done.is_done = False


def refusal(error: DeliveryError) -> NoAnswer:
    if isinstance(error, NotConnected):
        return NoAnswer(400, "You are not connected.")
    if error.retry:
        return NoAnswer(503, "WhatsApp did not answer this now; try again")
    return NoAnswer(400, "WhatsApp refused this")
