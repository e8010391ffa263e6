"""Encrypts what the main database keeps with the current TOKEN_ENCRYPTION_KEY, while TOKEN_ENCRYPTION_KEY_OTHER opens
what is there. `python -m common.rekey` may run beside everything else, may be stopped, and may run again."""

import asyncio
import sys
from uuid import UUID

from common import logs
from common.postgres import Pool, open_pool
from common.settings import SealingSettings
from common.tables import sealed
from common.tables.sealed import Column
from common.vault import Unreadable, Vault

BATCH = 500
FIRST = UUID(int=0)

log = logs.get(__name__)


async def rekey(pool: Pool, vault: Vault, batch: int = BATCH) -> int:
    """How many values neither key opens; they stay as they are."""
    unreadable = 0
    for column in sealed.COLUMNS:
        renewed, lost = await _rekey_column(pool, vault, column, batch)
        log.info("encrypted with the current key", what=column.name, renewed=renewed, unreadable=lost)
        unreadable += lost
    return unreadable


async def _rekey_column(pool: Pool, vault: Vault, column: Column, batch: int) -> tuple[int, int]:
    renewed = unreadable = 0
    after = FIRST
    while page := await sealed.list_page(pool, column, after, batch):
        changed = []
        for instance, value in page:
            try:
                fresh = vault.renewed(instance, value, column.purpose)
            except Unreadable:
                unreadable += 1
                log.error("neither key opens a value", what=column.name, instance=instance)
                continue
            if fresh is not None:
                changed.append((instance, value, fresh))
        if changed:
            await sealed.seal(pool, column, changed)
        renewed += len(changed)
        after = page[-1][0]
    return renewed, unreadable


async def main() -> int:
    settings = SealingSettings()
    logs.configure(settings.log_level, "rekey")
    pool = await open_pool(settings.postgres_dsn.get_secret_value(), 1, "pombo rekey")
    try:
        return 1 if await rekey(pool, Vault(*settings.vault_keys)) else 0
    finally:
        await pool.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
