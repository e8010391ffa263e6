"""Which received messages are kept, by whom they are, and in which chat."""

from typing import Any

import pytest

from common.addresses import Jid
from sender.translation.remembering import remembered
from sender.whatsapp.engine_events import e2e
from tests.sender.translation.told import GROUP, INSTANCE, LID, MY_PHONE, message, source


def test_a_message_is_kept_with_its_chat_author_and_content() -> None:
    content = e2e.Message(conversation="hi", messageContextInfo=e2e.MessageContextInfo(messageSecret=b"s"))
    kept = remembered(message(content, source(chat=GROUP, sender=f"{LID.partition('@')[0]}:4@lid"), id="3EB0BB"))
    assert kept is not None
    assert (kept.instance_id, kept.whatsapp_id, kept.is_own) == (INSTANCE, "3EB0BB", False)
    assert (kept.chat, kept.author) == (Jid(GROUP), Jid(LID))
    assert e2e.Message.FromString(kept.body) == content


def test_what_was_written_on_the_phone_is_the_account_s_own() -> None:
    kept = remembered(message(e2e.Message(conversation="hi"), source(own=True)))
    assert kept is not None
    assert (kept.is_own, kept.author) == (True, f"{MY_PHONE}@s.whatsapp.net")


@pytest.mark.parametrize(
    "content",
    [
        e2e.Message(),
        e2e.Message(senderKeyDistributionMessage=e2e.SenderKeyDistributionMessage(groupID=GROUP)),
        e2e.Message(reactionMessage=e2e.ReactionMessage(text="x")),
        e2e.Message(protocolMessage=e2e.ProtocolMessage(type=e2e.ProtocolMessage.REVOKE)),
        e2e.Message(pollUpdateMessage=e2e.PollUpdateMessage(senderTimestampMS=1)),
    ],
    ids=["empty", "key", "reaction", "revoke", "vote"],
)
def test_what_nobody_can_mean_is_not_kept(content: Any) -> None:
    assert remembered(message(content)) is None


def test_statuses_are_not_kept() -> None:
    where = source(chat="status@broadcast")
    assert remembered(message(e2e.Message(conversation="today"), where)) is None
