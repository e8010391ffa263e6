"""Errors that carry a decision.

DeliveryError                 code               again?   surely not sent?
├── NotConnected              not-connected      wait     yes   (burns no attempt)
├── TemporaryFailure          temporary          retry    yes
├── OutcomeUnknown            unknown            policy   no    (the message becomes uncertain)
├── MediaAway                 media-away         retry    yes
├── MediaWaits                media-waits        wait     yes   (burns no attempt)
├── NewChatLimit              new-chat-limit     no       yes
└── Refused                   refused            no       yes
    ├── NotOnWhatsApp         not-on-whatsapp
    ├── CannotCompose         cannot-compose
    ├── MediaNotUsable        media-not-usable
    ├── NotRemembered         not-remembered
    └── NotSupported          not-supported
NotPaired                     the device is not in the session store
LostOwnership                 a write was refused because the epoch is no longer ours
"""


class DeliveryError(Exception):
    """A message could not be sent. The docstring of each kind is its message unless one is given."""

    code = "delivery"
    retry = False
    certain = True
    burns_attempt = True

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or (type(self).__doc__ or self.code).strip())


class NotConnected(DeliveryError):
    """The session is not connected."""

    code, retry, burns_attempt = "not-connected", True, False


class TemporaryFailure(DeliveryError):
    """WhatsApp or the session could not take the message now."""

    code, retry = "temporary", True


class OutcomeUnknown(DeliveryError):
    """The message left, or may have left, and no answer came."""

    code, certain = "unknown", False


class MediaAway(DeliveryError):
    """The message's file cannot be fetched, kept or converted now."""

    code, retry = "media-away", True


class MediaWaits(DeliveryError):
    """The message's file cannot be read until the store for files is back."""

    code, retry, burns_attempt = "media-waits", True, False


class Refused(DeliveryError):
    """WhatsApp refused the message."""

    code = "refused"


class NewChatLimit(DeliveryError):
    """WhatsApp does not let this account open new chats now (463)."""

    code = "new-chat-limit"


class NotOnWhatsApp(Refused):
    """The number has no WhatsApp account."""

    code = "not-on-whatsapp"


class CannotCompose(Refused):
    """The stored request cannot be turned into a WhatsApp message."""

    code = "cannot-compose"


class MediaNotUsable(Refused):
    """The message's file cannot be what the message needs."""

    code = "media-not-usable"


class NotRemembered(Refused):
    """The message that this one is about is not known here, and cannot be done without."""

    code = "not-remembered"


class NotSupported(Refused):
    """The WhatsApp engine of this installation cannot do this."""

    code = "not-supported"


class NotPaired(Exception):
    """This device is not in the session store."""


class LostOwnership(Exception):
    """The epoch of a shard is no longer ours: whatever was being done for it must stop."""

    def __init__(self, shards: list[int]) -> None:
        super().__init__(f"{type(self).__doc__} shards={shards}")
        self.shards = shards
