"""Texts on the wire: plain, replies, edits, mentions, private answers, cards of links."""

import pytest

from common.addresses import Jid
from common.errors import NotRemembered
from sender.composers.media import File, Form, LinkCard
from sender.composers.occasion import Elsewhere, Remembered
from sender.whatsapp.protobuf import (
    ContextInfo,
    ExtendedTextMessage,
    FutureProofMessage,
    GroupMention,
    ImageMessage,
    Message,
    MessageKey,
    ProtocolMessage,
)
from tests.sender.composers.desk import (
    AUTHOR,
    AUTHOR_LID,
    GROUP,
    GROUP_JID,
    MESSAGE,
    NOW_MS,
    OWN,
    PERSON_JID,
    Desk,
    uploaded,
)

pytestmark = pytest.mark.anyio

LINK = "https://shop.example.com/spring"


async def test_a_plain_text_is_a_conversation(desk: Desk) -> None:
    assert await desk.compose("text", message="Olá *João* 🕊") == Message(conversation="Olá *João* 🕊")


async def test_the_four_line_breaks_are_one(desk: Desk) -> None:
    composed = await desk.compose("text", message="a\nb\rc\r\nd%0ae%0Af")
    assert composed == Message(conversation="a\nb\nc\nd\ne\nf")


async def test_a_reply_to_a_received_message_quotes_its_author_and_content(desk: Desk) -> None:
    received = Message(imageMessage=ImageMessage(caption="look", contextInfo=ContextInfo(stanzaID="OLDER")))
    desk.remember_received(received, PERSON_JID, PERSON_JID)
    assert await desk.compose("text", message="yes", messageId=MESSAGE) == Message(
        extendedTextMessage=ExtendedTextMessage(
            text="yes",
            contextInfo=ContextInfo(
                stanzaID=MESSAGE,
                participant=PERSON_JID,
                quotedMessage=Message(imageMessage=ImageMessage(caption="look")),
            ),
        )
    )


async def test_a_reply_to_an_own_message_names_it_as_whatsapp_knows_it(desk: Desk) -> None:
    desk.remember_own("text", '{"phone":"5511988887777","message":"first"}')
    composed = await desk.compose("text", message="second", messageId=MESSAGE)
    assert composed.extendedTextMessage.contextInfo == ContextInfo(
        stanzaID="3EB0FFFFFFFFFFFFFFFF", participant=OWN.phone, quotedMessage=Message(conversation="first")
    )


async def test_a_reply_to_an_own_file_quotes_its_caption_without_uploading_it(desk: Desk) -> None:
    desk.remember_own("image", '{"phone":"5511988887777","image":"https://files.example.com/a.png","caption":"mug"}')
    composed = await desk.compose("text", message="nice", messageId=MESSAGE)
    assert composed.extendedTextMessage.contextInfo.quotedMessage.imageMessage.caption == "mug"
    assert desk.media.files == []


async def test_a_reply_to_a_message_that_nobody_remembers_is_sent_all_the_same(desk: Desk) -> None:
    composed = await desk.compose("text", message="yes", messageId="UNKNOWN")
    assert composed.extendedTextMessage.contextInfo == ContextInfo(
        stanzaID="UNKNOWN", participant=PERSON_JID, quotedMessage=Message(conversation="")
    )


async def test_a_reply_in_a_group_learns_the_author_from_the_message_s_secret(desk: Desk) -> None:
    desk.remember_secret()
    composed = await desk.compose("text", phone=GROUP, message="yes", messageId=MESSAGE)
    assert composed.extendedTextMessage.contextInfo.participant == AUTHOR_LID


async def test_an_own_reply_in_a_chat_of_a_lid_is_by_the_own_lid(desk: Desk) -> None:
    desk.remember_own("text", '{"phone":"81234567890123@lid","message":"first"}')
    composed = await desk.compose("text", phone="81234567890123@lid", message="more", messageId=MESSAGE)
    assert composed.extendedTextMessage.contextInfo.participant == OWN.lid


async def test_an_edit_replaces_the_message_and_wins_over_a_reply(desk: Desk) -> None:
    composed = await desk.compose("text", message="right", editMessageId="3EB0EE", messageId=MESSAGE)
    assert composed == Message(
        editedMessage=FutureProofMessage(
            message=Message(
                protocolMessage=ProtocolMessage(
                    key=MessageKey(remoteJID=PERSON_JID, fromMe=True, ID="3EB0EE"),
                    type=ProtocolMessage.MESSAGE_EDIT,
                    editedMessage=Message(conversation="right"),
                    timestampMS=NOW_MS,
                )
            )
        )
    )


async def test_an_edit_names_the_message_as_whatsapp_knows_it(desk: Desk) -> None:
    desk.remember_own("text", "{}")
    composed = await desk.compose("text", message="right", editMessageId=MESSAGE)
    assert composed.editedMessage.message.protocolMessage.key.ID == "3EB0FFFFFFFFFFFFFFFF"


async def test_an_edit_keeps_its_mentions(desk: Desk) -> None:
    composed = await desk.compose(
        "text", phone=GROUP, message="hi @5511988887777", editMessageId=MESSAGE, mentioned=[5511988887777]
    )
    edited = composed.editedMessage.message.protocolMessage.editedMessage.extendedTextMessage
    assert list(edited.contextInfo.mentionedJID) == [PERSON_JID]


async def test_people_are_mentioned_by_number_text_or_lid(desk: Desk) -> None:
    composed = await desk.compose(
        "text", phone=GROUP, message="all of you", mentioned=["5511988887777", 5521977776666, "81234567890123@lid"]
    )
    assert composed == Message(
        extendedTextMessage=ExtendedTextMessage(
            text="all of you", contextInfo=ContextInfo(mentionedJID=[PERSON_JID, AUTHOR, AUTHOR_LID])
        )
    )


async def test_no_mention_at_all_leaves_the_text_plain(desk: Desk) -> None:
    assert await desk.compose("text", phone=GROUP, message="hi", mentioned=[]) == Message(conversation="hi")


async def test_groups_are_mentioned_by_their_address_in_the_text(desk: Desk) -> None:
    composed = await desk.compose(
        "text",
        phone=GROUP,
        message="see @120363049876543210-group, @5511988887777",
        mentioned=["5511988887777"],
        groupMentioned=[{"phone": "120363049876543210-group", "subject": "Support"}],
    )
    assert composed == Message(
        extendedTextMessage=ExtendedTextMessage(
            text="see @120363049876543210@g.us, @5511988887777",
            contextInfo=ContextInfo(
                mentionedJID=[PERSON_JID],
                groupMentions=[GroupMention(groupJID="120363049876543210@g.us", groupSubject="Support")],
            ),
        )
    )


async def test_a_private_answer_goes_to_the_author_and_names_the_group(desk: Desk) -> None:
    desk.remember_received(Message(conversation="question"))
    composed = await desk.compose("text", phone=GROUP, message="just you", messageId=MESSAGE, privateAnswer=True)
    assert composed == Elsewhere(
        AUTHOR,
        Message(
            extendedTextMessage=ExtendedTextMessage(
                text="just you",
                contextInfo=ContextInfo(
                    stanzaID=MESSAGE,
                    participant=AUTHOR,
                    remoteJID=GROUP_JID,
                    quotedMessage=Message(conversation="question"),
                ),
            )
        ),
    )


async def test_a_private_answer_to_an_own_message_goes_to_the_group(desk: Desk) -> None:
    desk.memory.remembered[MESSAGE] = Remembered(MESSAGE, GROUP_JID, is_own=True)
    composed = await desk.compose("text", phone=GROUP, message="all", messageId=MESSAGE, privateAnswer=True)
    assert composed.extendedTextMessage.text == "all"


async def test_a_private_answer_to_nobody_known_never_goes_to_the_group(desk: Desk) -> None:
    with pytest.raises(NotRemembered):
        await desk.compose("text", phone=GROUP, message="just you", messageId=MESSAGE, privateAnswer=True)


async def test_outside_groups_the_private_answer_is_a_reply(desk: Desk) -> None:
    composed = await desk.compose("text", message="hi", messageId=MESSAGE, privateAnswer=True)
    assert composed.extendedTextMessage.contextInfo.stanzaID == MESSAGE


async def test_links_are_looked_up_only_when_the_caller_wants_it(desk: Desk) -> None:
    assert await desk.compose("text", message=f"see {LINK}") == Message(conversation=f"see {LINK}")
    assert await desk.compose("text", message=f"see {LINK}", linkPreview=False) == Message(conversation=f"see {LINK}")
    assert desk.media.looked_up == []


async def test_a_link_preview_is_the_card_of_the_first_link() -> None:
    desk = Desk(card=LinkCard("Spring", "All of it", b"jpeg"))
    assert await desk.compose("text", message=f"see {LINK} or https://x.example", linkPreview=True) == Message(
        extendedTextMessage=ExtendedTextMessage(
            text=f"see {LINK} or https://x.example",
            matchedText=LINK,
            title="Spring",
            description="All of it",
            JPEGThumbnail=b"jpeg",
        )
    )
    assert desk.media.looked_up == [LINK]


@pytest.mark.parametrize("text", [f"see {LINK}", "no link"])
async def test_a_preview_that_is_not_there_leaves_the_text_plain(desk: Desk, text: str) -> None:
    assert await desk.compose("text", message=text, linkPreview=True) == Message(conversation=text)


def link(**fields: object) -> dict[str, object]:
    return {
        "message": f"Spring: {LINK}",
        "image": "https://files.example.com/a.png",
        "linkUrl": LINK,
        "title": "Shop",
        "linkDescription": "Mugs",
        **fields,
    }


async def test_a_small_card_carries_its_thumbnail_alone(desk: Desk) -> None:
    assert await desk.compose("link", **link()) == Message(
        extendedTextMessage=ExtendedTextMessage(
            text=f"Spring: {LINK}",
            matchedText=LINK,
            title="Shop",
            description="Mugs",
            JPEGThumbnail=b"small link-image",
        )
    )
    assert desk.media.files == [File("https://files.example.com/a.png", Form.LINK_IMAGE)]


@pytest.mark.parametrize(("size", "width", "height"), [("LARGE", 640, 480), ("MEDIUM", 320, 240)])
async def test_a_larger_card_carries_its_picture(desk: Desk, size: str, width: int, height: int) -> None:
    composed = await desk.compose("link", **link(linkType=size))
    picture = uploaded(Form.LINK_IMAGE)
    assert composed.extendedTextMessage == ExtendedTextMessage(
        text=f"Spring: {LINK}",
        matchedText=LINK,
        title="Shop",
        description="Mugs",
        JPEGThumbnail=b"small link-image",
        thumbnailDirectPath=picture.direct_path,
        thumbnailSHA256=picture.sha256,
        thumbnailEncSHA256=picture.encrypted_sha256,
        mediaKey=picture.media_key,
        mediaKeyTimestamp=picture.uploaded_at,
        thumbnailWidth=width,
        thumbnailHeight=height,
    )


async def test_a_text_without_its_link_gets_it_at_its_end(desk: Desk) -> None:
    composed = await desk.compose("link", **link(message="Spring"))
    assert composed.extendedTextMessage.text == f"Spring\n{LINK}"


async def test_a_card_may_be_a_reply(desk: Desk) -> None:
    composed = await desk.compose("link", **link(messageId=MESSAGE))
    assert composed.extendedTextMessage.contextInfo.stanzaID == MESSAGE


async def test_addresses_of_one_kind_stand_together() -> None:
    assert OWN.beside(AUTHOR_LID) == OWN.lid
    assert OWN.beside(AUTHOR) == OWN.phone
    assert OWN.beside(Jid("1@g.us")) == OWN.phone
