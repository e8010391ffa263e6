"""Events: announce, change, answer."""

from common.errors import NotRemembered, NotSupported
from common.requests.messages.event import Event, SendEditEvent, SendEvent, SendEventResponse
from sender.composers.earlier import key_of
from sender.composers.occasion import Composed, Deed, Occasion
from sender.composers.secrets import SECRET_BYTES, Purpose, Sealed, seal
from sender.whatsapp.protobuf import (
    EncEventResponseMessage,
    EventMessage,
    EventResponseMessage,
    LocationMessage,
    Message,
    MessageContextInfo,
    MessageKey,
    ProtocolMessage,
    SecretEncryptedMessage,
)
from sender.whatsapp.session import CallLinks, Session

_RESPONSES = {"GOING": EventResponseMessage.GOING, "NOT_GOING": EventResponseMessage.NOT_GOING}


async def compose_event(send: SendEvent, occasion: Occasion) -> Composed:
    secret = MessageContextInfo(messageSecret=occasion.random(SECRET_BYTES))
    return Message(eventMessage=await _event(send.event, occasion), messageContextInfo=secret)


async def compose_edit(send: SendEditEvent, occasion: Occasion) -> Composed:
    """The whole event anew, encrypted with the secret of the first. Raises NotRemembered when that is not known."""
    key = await key_of(occasion, send.eventMessageId, is_own=True)
    edited = ProtocolMessage(
        key=key,
        type=ProtocolMessage.MESSAGE_EDIT,
        editedMessage=Message(eventMessage=await _event(send.event, occasion)),
        timestampMS=occasion.milliseconds,
    )
    sealed = await _seal(Message(protocolMessage=edited).SerializeToString(), Purpose.EVENT_EDIT, key, occasion)
    return Message(
        secretEncryptedMessage=SecretEncryptedMessage(
            targetMessageKey=key,
            encPayload=sealed.ciphertext,
            encIV=sealed.nonce,
            secretEncType=SecretEncryptedMessage.EVENT_EDIT,
        )
    )


async def compose_response(send: SendEventResponse, occasion: Occasion) -> Composed:
    """Nothing at all for an own event: who announced it goes to it."""
    key = await key_of(occasion, send.eventMessageId)
    if key.fromMe:
        return Deed(_nothing)
    response = EventResponseMessage(response=_RESPONSES[send.eventResponse], timestampMS=occasion.milliseconds)
    sealed = await _seal(response.SerializeToString(), Purpose.EVENT_RESPONSE, key, occasion)
    return Message(
        encEventResponseMessage=EncEventResponseMessage(
            eventCreationMessageKey=key, encPayload=sealed.ciphertext, encIV=sealed.nonce
        )
    )


async def _event(event: Event, occasion: Occasion) -> EventMessage:
    message = EventMessage(name=event.name, startTime=int(event.starts_at.timestamp()), isCanceled=event.canceled)
    if event.description is not None:
        message.description = event.description
    if event.location is not None:
        message.location.CopyFrom(LocationMessage(name=event.location.name))
    if event.callLinkType is not None:
        if not isinstance(occasion.session, CallLinks):
            raise NotSupported("this engine cannot make call links")
        message.joinLink = await occasion.session.make_call_link(event.callLinkType, event.starts_at)
        message.isScheduleCall = True
    return message


async def _seal(content: bytes, purpose: Purpose, key: MessageKey, occasion: Occasion) -> Sealed:
    secret = await occasion.memory.secret(occasion.chat, key.ID)
    if secret is None:
        raise NotRemembered("the secret of the event is not known")
    own = await occasion.memory.own()
    return seal(content, purpose, key.ID, secret, own.beside(secret.sender), occasion.random)


async def _nothing(session: Session) -> None:
    """An own event is answered already."""
