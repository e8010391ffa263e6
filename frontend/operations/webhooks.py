"""Webhooks: where the callbacks of an instance go, and the secrets that sign them. Changes work at once."""

import base64
import re
from collections.abc import Awaitable, Callable

from common.requests.webhooks import ADDRESS, NotifySentByMe, SetEveryWebhook, SetWebhook
from common.tables import webhook as table
from common.tables import webhook_secret as secret_table
from frontend import problems
from frontend.operation import Call, Operation, Read, Write
from frontend.operations.rings import ring
from frontend.replies.common import Done, milliseconds
from frontend.replies.webhooks import Secrets, ShownSecret
from frontend.services import Services

DONE = Done(value=True)
_ADDRESS = re.compile(ADDRESS)
EXAMPLE = {"value": "https://hooks.example.com/zap"}


def _set(statement: str) -> Callable[[Services, Call[None, SetWebhook]], Awaitable[Done]]:
    async def store(services: Services, call: Call[None, SetWebhook]) -> Done:
        await services.pool.execute(statement, call.access.id, _address(services, call.body.value))
        await ring(services, call.access.shard, call.access.id)
        return DONE

    return store


async def set_every(services: Services, call: Call[None, SetEveryWebhook]) -> Done:
    """Without the flag it is left as it is."""
    address = _address(services, call.body.value)
    await services.pool.execute(table.SET_EVERY, call.access.id, address, call.body.notifySentByMe)
    await ring(services, call.access.shard, call.access.id)
    return DONE


async def notify_sent_by_me(services: Services, call: Call[None, NotifySentByMe]) -> Done:
    await services.pool.execute(table.NOTIFY_SENT_BY_ME, call.access.id, call.body.notifySentByMe)
    await ring(services, call.access.shard, call.access.id)
    return DONE


async def list_secrets(services: Services, call: Call[None, None]) -> Secrets:
    """An instance that has none gets its first one."""
    await secret_table.ensure_secrets(services.pool, [call.access.id], services.vault)
    return await _secrets(services, call)


async def rotate_secret(services: Services, call: Call[None, None]) -> Secrets:
    """The one before stays valid until the next rotation, or until it is dropped."""
    async with services.pool.acquire() as connection, connection.transaction():
        await secret_table.rotate_secret(connection, call.access.id, services.vault)
    await ring(services, call.access.shard, call.access.id)
    return await _secrets(services, call)


async def drop_old_secret(services: Services, call: Call[None, None]) -> Secrets:
    await services.pool.execute(secret_table.DROP_OLD_SECRET, call.access.id)
    await ring(services, call.access.shard, call.access.id)
    return await _secrets(services, call)


async def _secrets(services: Services, call: Call[None, None]) -> Secrets:
    found = await secret_table.list_secrets(services.pool, call.access.id, services.vault)
    return Secrets(
        secrets=[
            ShownSecret(
                secret=f"whsec_{base64.b64encode(each.secret).decode()}",
                current=each.place == 1,
                createdAt=milliseconds(each.created_at),
            )
            for each in found
        ]
    )


def _address(services: Services, text: str) -> str | None:
    """None for an empty one. Raises a Problem for what would never be called."""
    if not text:
        return None
    plain = text.removeprefix("http://")
    if plain != text:
        host = re.split(r"[:/?#]", plain, maxsplit=1)[0].lower()
        if host not in services.plain_hosts:
            raise problems.bad_request("value: a webhook URL must begin with https://")
    if not _ADDRESS.fullmatch(f"https://{plain}" if plain != text else text):
        raise problems.bad_request("value: a webhook URL is https://, a host, perhaps a port and a path")
    return text


def _webhook(path: str, statement: str, summary: str) -> Operation:
    return Operation(
        "PUT", path, Write(_set(statement)), summary, Done, body=SetWebhook, tag="webhooks", example=EXAMPLE
    )


OPERATIONS = (
    _webhook("update-webhook-delivery", table.SET_DELIVERY, "Where DeliveryCallback goes"),
    _webhook("update-webhook-received", table.SET_RECEIVED, "Where ReceivedCallback goes"),
    _webhook("update-webhook-receive", table.SET_RECEIVED, "Where ReceivedCallback goes (other spelling)"),
    _webhook(
        "update-webhook-received-delivery",
        table.SET_RECEIVED_AND_DELIVERY,
        "Where ReceivedCallback goes, for own messages too",
    ),
    _webhook("update-webhook-disconnected", table.SET_DISCONNECTED, "Where DisconnectedCallback goes"),
    _webhook("update-webhook-connected", table.SET_CONNECTED, "Where ConnectedCallback goes"),
    _webhook("update-webhook-message-status", table.SET_MESSAGE_STATUS, "Where MessageStatusCallback goes"),
    _webhook("update-webhook-status", table.SET_MESSAGE_STATUS, "Where MessageStatusCallback goes (other spelling)"),
    _webhook("update-webhook-chat-presence", table.SET_PRESENCE, "Where PresenceChatCallback goes"),
    Operation(
        "PUT",
        "update-every-webhooks",
        Write(set_every),
        "One address for all callbacks",
        Done,
        body=SetEveryWebhook,
        tag="webhooks",
        example={**EXAMPLE, "notifySentByMe": True},
    ),
    Operation(
        "PUT",
        "update-notify-sent-by-me",
        Write(notify_sent_by_me),
        "Whether own messages are told to the received webhook",
        Done,
        body=NotifySentByMe,
        tag="webhooks",
        example={"notifySentByMe": True},
    ),
    Operation("GET", "webhook-secrets", Read(list_secrets), "The secrets that sign callbacks", Secrets, tag="webhooks"),
    Operation(
        "POST",
        "webhook-secrets/rotate",
        Write(rotate_secret),
        "A new secret; the one before stays valid",
        Secrets,
        tag="webhooks",
    ),
    Operation(
        "DELETE",
        "webhook-secrets/old",
        Write(drop_old_secret),
        "Drop the secret before the current one",
        Secrets,
        tag="webhooks",
    ),
)
"""Both spellings of a path that the documentation gives two names are routes."""
