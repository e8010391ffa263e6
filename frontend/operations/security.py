"""Tokens and the audit: for partners and for whoever operates the installation."""

from datetime import timedelta

from common.requests.security import ListAudit, RotateToken
from common.tables import audit
from common.tables import instance as table
from frontend.operation import Call, Guard, Operation, Read, Write
from frontend.replies.common import written
from frontend.replies.security import Change, Changes, Rotated
from frontend.services import Services
from frontend.tokens import digest, new_token


async def rotate(services: Services, call: Call[None, RotateToken]) -> Rotated:
    """Every frontend knows the new token once it has forgotten the instance: AUTH_CACHE_TTL later at the latest."""
    asked, instance, token = call.body.overlapSeconds, call.access.id, new_token()
    overlap = services.token_overlap if asked is None else timedelta(seconds=asked)
    until = await services.pool.fetchval(
        table.ROTATE_TOKEN, instance, digest(token), services.vault.seal(instance, token), overlap
    )
    return Rotated(token=token, formerUntil=written(until))


async def list_changes(services: Services, call: Call[ListAudit, None]) -> Changes:
    asked = call.query
    entries = await audit.list_before(services.pool, asked.before, asked.instanceId, asked.pageSize)
    return Changes(
        changes=[
            Change(
                id=each.id,
                at=written(each.at),
                actor=each.actor,
                action=each.action,
                instanceId=None if each.instance_id is None else each.instance_id.hex.upper(),
                address=each.address,
                status=each.status,
            )
            for each in entries
        ],
        before=entries[-1].id if len(entries) == asked.pageSize else None,
    )


OPERATIONS = (
    Operation(
        "POST",
        "integrator/token/rotate",
        Write(rotate),
        "Give the instance a new token; the one before stays good for a while",
        Rotated,
        body=RotateToken,
        body_optional=True,
        guard=Guard.PARTNER,
        tag="tokens",
        example={"overlapSeconds": 3600},
    ),
    Operation(
        "GET",
        "/audit",
        Read(list_changes),
        "List the changes that were made over the API, the latest first",
        Changes,
        query=ListAudit,
        guard=Guard.ADMIN,
        tag="audit",
    ),
)
