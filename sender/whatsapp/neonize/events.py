"""The library's events in the port's words."""

from datetime import UTC, datetime, timedelta
from enum import IntEnum

from sender.whatsapp.neonize.protobuf import (
    ConnectFailure,
    ConnectFailureReason,
    KeepAliveTimeout,
    LoggedOut,
    Receipt,
    TemporaryBan,
    from_engine,
)
from sender.whatsapp.session import Banned, Event, Outdated, Raw, Receipts, Replaced
from sender.whatsapp.session import LoggedOut as LoggedOutEvent


class Code(IntEnum):
    """The library's numbers, as far as a session's own life is concerned."""

    DEVICE = 0
    CONNECTED = 3
    SILENT = 4
    LOGGED_OUT = 6
    REPLACED = 7
    BANNED = 8
    CONNECT_FAILURE = 9
    OUTDATED = 10
    DISCONNECTED = 12
    RECEIPT = 18


FINAL = frozenset({Code.LOGGED_OUT, Code.REPLACED, Code.BANNED, Code.OUTDATED})
"""After these the library goes on in vain or not at all."""

_KINDS = {
    Receipt.DELIVERED: "delivered",
    # Delivered to a device that is not in front of its user.
    Receipt.INACTIVE: "delivered",
    Receipt.READ: "read",
    Receipt.PLAYED: "played",
}


def translate(code: int, body: bytes, at: datetime) -> Event:
    """Every event but the session's comings and goings, which need more than their bytes."""
    match code:
        case Code.LOGGED_OUT:
            return _logged_out(body)
        case Code.REPLACED:
            return Replaced()
        case Code.BANNED:
            return _banned(body, at)
        case Code.OUTDATED:
            return Outdated()
        case Code.RECEIPT:
            return _receipts(body, at)
    return Raw(code, body, at)


def reason_of_failure(body: bytes) -> str:
    """Why the server refused a login for a reason of its own."""
    failure = ConnectFailure.FromString(body)
    name = _word(ConnectFailureReason.Name(failure.Reason))
    return f"{name}: {failure.Message}" if failure.Message else name


def pings_unanswered(body: bytes) -> int:
    """How many in a row, of a connection that looks well otherwise."""
    count: int = KeepAliveTimeout.FromString(body).ErrorCount
    return count


def _logged_out(body: bytes) -> LoggedOutEvent:
    left = LoggedOut.FromString(body)
    return LoggedOutEvent(_word(ConnectFailureReason.Name(left.Reason)) if left.HasField("Reason") else "unknown")


def _banned(body: bytes, at: datetime) -> Banned:
    ban = TemporaryBan.FromString(body)
    reason = _word(TemporaryBan.TempBanReason.Name(ban.Code)) if ban.HasField("Code") else "unknown"
    return Banned(reason, at + timedelta(seconds=ban.Expire) if ban.Expire else None)


def _word(name: str) -> str:
    return name.lower().replace("_", "-")


def _receipts(body: bytes, at: datetime) -> Event:
    receipt = Receipt.FromString(body)
    kind = _KINDS.get(receipt.Type)
    source = receipt.MessageSource
    # What this account's other devices did is no news about what it sent.
    if kind is None or source.IsFromMe:
        return Raw(Code.RECEIPT, body, at)
    said_at = datetime.fromtimestamp(receipt.Timestamp, UTC) if receipt.Timestamp else at
    return Receipts(tuple(receipt.MessageIDs), from_engine(source.Chat), from_engine(source.Sender), kind, said_at)
