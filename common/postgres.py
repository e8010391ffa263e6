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
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # restart, terminated backend, starting up
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,  # a deadlock: everything was undone
)
"""What a caller may answer with 503, or wait out and try again."""


async def open_pool(dsn: str, size: int, application: str, *, statement_timeout: float = 30.0) -> Pool:
    """More connections than cores only add latency, so `size` stays small; they are opened when needed.

    `statement_timeout` (seconds) bounds every statement in the server, so that a lost client leaves nothing running.
    """
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        timeout=5,
        command_timeout=statement_timeout,
        max_inactive_connection_lifetime=300,
        server_settings={
            "application_name": application,
            "statement_timeout": str(int(statement_timeout * 1000)),
            "idle_in_transaction_session_timeout": "15000",
            "timezone": "UTC",
        },
    )
