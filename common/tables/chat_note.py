"""chat_note: what an integrator has noted about a chat; one note a chat."""

from uuid import UUID

from common.addresses import Jid
from common.identifiers import new_zaap_id
from common.postgres import Executor

# A chat that is named by its LID is filed under its number, where the list of chats knows that.
_CHAT = "coalesce((SELECT chat FROM chat WHERE instance_id = $1 AND lid = $2 ORDER BY chat LIKE '%@lid' LIMIT 1), $2)"

WRITE = f"""
    INSERT INTO chat_note (instance_id, chat, id, content)
    VALUES ($1, {_CHAT}, $3, $4)
    ON CONFLICT (instance_id, chat) DO UPDATE
    SET content = excluded.content, changed_at = now()"""

ERASE = f"""
    DELETE FROM chat_note
    WHERE instance_id = $1 AND chat = {_CHAT}"""


async def write(executor: Executor, instance: UUID, chat: Jid, content: str) -> None:
    """An empty note is none."""
    if content:
        await executor.execute(WRITE, instance, chat, new_zaap_id(), content)
    else:
        await executor.execute(ERASE, instance, chat)
