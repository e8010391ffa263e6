"""Postgres: one small pool per process, and what counts as an outage."""

import asyncpg

Pool = asyncpg.Pool
Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
Executor = Connection | asyncpg.Pool
"""What runs one statement: for a function that needs no transaction of its own."""

OUTAGES = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg makes of a connection that is cut while a statement is prepared
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # restart, terminated backend, starting up
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,  # a deadlock: everything was undone
)
"""What a caller may answer with 503, or wait out and try again."""


class Bare(asyncpg.Connection):
    """Goes back to its pool as it is, but for an open transaction, which is ended.

    Nobody here leaves anything else behind (settings or advisory locks of a session, cursors, LISTEN), and resetting
    what is not there costs a round trip in every use.
    """

    __slots__ = ()

    def get_reset_query(self) -> str:
        return ""


class PatientPool(asyncpg.Pool):
    """Its callers wait a bounded time, also when every connection hangs on a server that says nothing any more."""

    __slots__ = ("patience",)
    patience: float

    def acquire(self, *, timeout: float | None = None) -> asyncpg.pool.PoolAcquireContext:
        # The limit costs a task, so only who may have to wait for a connection is given one.
        has_limit = timeout is not None or self.get_idle_size() > 0
        return super().acquire(timeout=timeout if has_limit else self.patience)


async def open_pool(
    dsn: str, size: int, application: str, *, statement_timeout: float = 30.0, patience: float | None = None
) -> Pool:
    """More connections than cores only add latency, so `size` stays small; they are opened when needed.

    `statement_timeout` (seconds) bounds every statement in the server, so that a lost client leaves nothing running.
    `patience` (seconds, the same unless given) is how long a caller waits here, for a connection and then for an
    answer, unless the call says otherwise.
    """
    patience = patience or statement_timeout
    pool = PatientPool(
        dsn,
        min_size=1,
        max_size=size,
        max_queries=50_000,
        max_inactive_connection_lifetime=300,
        loop=None,
        connection_class=Bare,
        record_class=asyncpg.Record,
        timeout=5,
        command_timeout=patience,
        server_settings={
            "application_name": application,
            "statement_timeout": str(int(statement_timeout * 1000)),
            "idle_in_transaction_session_timeout": "15000",
            "timezone": "UTC",
            # A day's partition is new and empty when its plans are made and kept; a scan that is free then costs more
            # with every message, until the statistics come. Every statement here is made for an index.
            "enable_seqscan": "off",
            "jit": "off",
        },
    )
    pool.patience = patience
    await pool
    return pool
