"""Which family translates which event of the engine."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from common.addresses import Jid
from common.tables.event import NewEvent
from common.tables.event_inbox import ToldEvent
from sender.translation import groups, presence, profile, received
from sender.translation.calls import Calls
from sender.translation.media import MediaLinks
from sender.translation.scene import Account
from sender.translation.sealed import Opened
from sender.whatsapp.engine_events import EventCode

CODES = frozenset(int(code) for code in EventCode)
"""Events that some callback or the list of chats tells; the others are not kept."""


class Translator:
    """From a row of the inbox to the bodies that webhooks get, in the order in which they are to be told."""

    def __init__(self, media: MediaLinks) -> None:
        calls = Calls()
        self._media = media
        self._families: dict[int, Callable[[ToldEvent, Account], list[NewEvent]]] = {
            EventCode.HISTORY_SYNC: lambda row, account: [],  # of the list of chats, no webhook
            EventCode.UNDECRYPTABLE: lambda row, account: received.undecryptable(row.body, account, media),
            EventCode.RECEIPT: profile.own_receipt,
            EventCode.CHAT_PRESENCE: presence.chat_presence,
            EventCode.PRESENCE: presence.presence,
            EventCode.JOINED_GROUP: groups.group_joined,
            EventCode.GROUP_INFO: groups.group_changed,
            EventCode.PICTURE: lambda row, account: [],  # told when the new one has been looked at
            EventCode.CALL_OFFER: calls.translate,
            EventCode.CALL_OFFER_NOTICE: calls.translate,
            EventCode.CALL_TERMINATE: calls.translate,
        }

    def translate(
        self,
        row: ToldEvent,
        opened: Opened | None = None,
        told_ids: Mapping[str, str] = MappingProxyType({}),
        numbers: Mapping[Jid, str] = MappingProxyType({}),
        pictures: Mapping[str, str] = MappingProxyType({}),
        groups: Mapping[Jid, str] = MappingProxyType({}),
    ) -> list[NewEvent]:
        """`opened` is what was sealed in it, `told_ids` say how the customer knows WhatsApp's ids, `numbers` which
        numbers are behind LIDs, `pictures` what people and groups show, `groups` what these are called.

        Raises whatever a malformed event raises.
        """
        account = Account.of(row, numbers, pictures, groups)
        if row.code == EventCode.MESSAGE:
            return received.message(row.body, account, self._media, opened, told_ids)
        return self._families[row.code](row, account)
