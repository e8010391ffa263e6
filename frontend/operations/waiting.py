"""Why a message waits, in words: what has to change, until when or since when, and who is in charge."""

from common.tables.waiting import Circumstances, Reason
from frontend.replies.common import written
from frontend.replies.queue import Waiting

TEXTS: dict[Reason, str] = {
    "sending": "it is being sent",
    "uncertain": "it may have been sent; a receipt or the instance's uncertain-policy decides",
    "scheduled": "its time has not come",
    "paused": "the instance's queue is paused",
    "no-owner": "no sender holds this instance now",
    "not-linked": "the instance is not linked to an account",
    "not-connected": "the instance is not connected",
    "retry": "an attempt failed and the next one is not due yet",
    "head": "an earlier message of the same chat goes first",
    "turn": "earlier messages of this instance go first",
    "pace": "the pause after the instance's last message is not over",
    "doubt": "it is not known yet whether the message before it in this chat was sent",
    "soon": "nothing is in its way",
}


def explain(found: Circumstances) -> Waiting:
    until = {
        "scheduled": found.scheduled_at,
        "retry": found.next_attempt_at,
        "pace": found.send_after,
    }.get(found.reason)
    since = {
        "sending": found.started_at,
        "uncertain": found.started_at,
        "paused": found.paused_at,
        "not-connected": found.session_changed_at,
    }.get(found.reason)
    blocked_by = {"head": found.head, "doubt": found.doubt}.get(found.reason)
    return Waiting(
        reason=found.reason,
        text=TEXTS[found.reason],
        until=None if until is None else written(until),
        since=None if since is None else written(since),
        blockedBy=None if blocked_by is None else blocked_by.hex.upper(),
        ahead=found.ahead,
        sessionState=found.session_state,
        owner=found.node if found.is_owned else None,
        epoch=found.epoch,
        leaseUntil=None if found.lease_until is None else written(found.lease_until),
        leaseAge=None if found.lease_age is None else round(found.lease_age.total_seconds(), 3),
    )
