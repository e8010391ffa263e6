"""Requests that send, one module per family of kinds, and the table that finds the model of a stored row."""

from common.requests.messages.business import (
    SendCatalog,
    SendNewsletterAdminInvite,
    SendOrder,
    SendProduct,
    UpdateOrderPayment,
    UpdateOrderStatus,
)
from common.requests.messages.button import (
    SendButtonActions,
    SendButtonList,
    SendButtonOtp,
    SendButtonPix,
    SendCarousel,
    SendOptionList,
)
from common.requests.messages.event import SendEditEvent, SendEvent, SendEventResponse
from common.requests.messages.file import (
    SendAudio,
    SendDocument,
    SendGif,
    SendImage,
    SendPtv,
    SendSticker,
    SendVideo,
)
from common.requests.messages.outgoing import Outgoing
from common.requests.messages.place import SendContact, SendContacts, SendLocation
from common.requests.messages.poll import SendPoll, SendPollVote
from common.requests.messages.reference import (
    DeleteMessage,
    ForwardMessage,
    PinMessage,
    ReadMessage,
    SendReaction,
    SendRemoveReaction,
)
from common.requests.messages.status import (
    ReplyStatusGif,
    ReplyStatusSticker,
    ReplyStatusText,
    SendImageStatus,
    SendTextStatus,
    SendVideoStatus,
)
from common.requests.messages.text import SendLink, SendText

__all__ = ["MODELS", "Outgoing", "SendText"]

MODELS: dict[str, type[Outgoing]] = {
    model.kind: model
    for model in (
        *(SendText, SendLink),
        *(SendLocation, SendContact, SendContacts),
        *(SendReaction, SendRemoveReaction, DeleteMessage, ReadMessage, ForwardMessage, PinMessage),
        *(SendPoll, SendPollVote),
        *(SendButtonActions, SendButtonList, SendOptionList, SendButtonOtp, SendButtonPix, SendCarousel),
        *(SendProduct, SendCatalog, SendOrder, UpdateOrderStatus, UpdateOrderPayment),
        *(SendEvent, SendEditEvent, SendEventResponse, SendNewsletterAdminInvite),
        *(SendImage, SendSticker, SendGif, SendAudio, SendVideo, SendPtv, SendDocument),
        *(SendTextStatus, SendImageStatus, SendVideoStatus),
        *(ReplyStatusText, ReplyStatusGif, ReplyStatusSticker),
    )
}
"""The model of a stored row, by its kind."""
