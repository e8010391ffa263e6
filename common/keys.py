"""Redis keys, all of them. The hash tag is the shard, so that one script touches one slot of a cluster.

| key                        | type   | owner (writer)         | lives                                     |
| -------------------------- | ------ | ---------------------- | ----------------------------------------- |
| stream:{shard}:<instance>  | stream | frontends append ids   | entries until read; STREAM_SECONDS after  |
|                            |        |                        | the last id                               |
| bell:{shard}               | stream | frontends, sender      | the last BELL_LENGTH rings                |
| lease:{shard}              | string | the node that holds it | the lease's time to live                  |
| ask:{shard}                | stream | frontends              | ASK_SECONDS after the last question       |
| answer:<frontend>          | stream | senders                | ANSWER_SECONDS after the last answer      |
| node:<node>                | stream | whoever calls the node | CALL_SECONDS after the last call          |
| logins:<address>           | string | frontends              | PANEL_LOGIN_WINDOW after the first attempt|
| rate:<kind>:<name>         | string | frontends              | until that budget is full again           |
"""

from uuid import UUID

GROUP = "senders"
CONSUMER = "owner"
"""The one name under which streams are read, by whichever process: a stream keeps every name that it ever heard."""
BELL_LENGTH = 1000
STREAM_SECONDS = 86400
ASK_SECONDS = 120
ANSWER_SECONDS = 120
CALL_SECONDS = 120
CALLS = 10


def stream(shard: int, instance: UUID) -> str:
    return f"stream:{{{shard}}}:{instance.hex}"


def bell(shard: int) -> str:
    return f"bell:{{{shard}}}"


def lease(shard: int) -> str:
    return f"lease:{{{shard}}}"


def ask(shard: int) -> str:
    return f"ask:{{{shard}}}"


def answer(frontend: str) -> str:
    return f"answer:{frontend}"


def rate(kind: str, name: str) -> str:
    """The budget of an instance, or of an address."""
    return f"rate:{kind}:{name}"


def node(id: str) -> str:
    """What wakes a node from its blocking reads: its shards have changed, or are about to."""
    return f"node:{id}"


def logins(address: str) -> str:
    """How often this address has tried to log in to the panel."""
    return f"logins:{address}"
