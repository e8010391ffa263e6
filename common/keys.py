"""Redis keys, all of them. The hash tag is the shard, so that one script touches one slot of a cluster.

| key                        | type   | owner (writer)         | lives                                     |
| -------------------------- | ------ | ---------------------- | ----------------------------------------- |
| stream:{shard}:<instance>  | stream | frontends append ids   | entries until read; key while it has work |
| bell:{shard}               | stream | frontends, sender      | the last BELL_LENGTH rings                |
| lease:{shard}              | string | the node that holds it | the lease's time to live                  |
| ask:{shard}                | stream | frontends              | ASK_SECONDS after the last question       |
| answer:<frontend>          | stream | senders                | ANSWER_SECONDS after the last answer      |
"""

from uuid import UUID

GROUP = "senders"
BELL_LENGTH = 1000
ASK_SECONDS = 120
ANSWER_SECONDS = 120


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
