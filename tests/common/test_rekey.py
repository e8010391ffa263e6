"""A new TOKEN_ENCRYPTION_KEY: everything that is kept opens all along, and with the new key alone in the end."""

import base64
from uuid import UUID, uuid4

import pytest

from common.postgres import Pool
from common.rekey import rekey
from common.tables import sealed, webhook_secret
from common.vault import Unreadable, Vault
from tests.builders import insert_instance

pytestmark = pytest.mark.anyio

OLD, NEW, LOST = (base64.urlsafe_b64encode(bytes([number]) * 32).decode() for number in (1, 2, 3))
PROXY = "socks5://user:secret@proxy.example.com"


async def insert(pool: Pool, vault: Vault) -> UUID:
    """An instance with everything that is encrypted."""
    instance = uuid4()
    await insert_instance(
        pool, id=instance, token_cipher=vault.seal(instance, "TOKEN"), proxy_cipher=vault.seal_proxy(instance, PROXY)
    )
    async with pool.acquire() as connection, connection.transaction():
        await webhook_secret.ensure_secrets(connection, [instance], vault)
        await webhook_secret.rotate_secret(connection, instance, vault)
    return instance


async def opened(pool: Pool, vault: Vault, instance: UUID) -> tuple[str, str, list[bytes]]:
    token, proxy = await pool.fetchrow("SELECT token_cipher, proxy_cipher FROM instance WHERE id = $1", instance)
    secrets = await webhook_secret.list_secrets(pool, instance, vault)
    return vault.open(instance, token), vault.open_proxy(instance, proxy), [each.secret for each in secrets]


async def test_everything_that_is_kept_opens_all_along_and_with_the_new_key_alone_in_the_end(pool: Pool) -> None:
    old, both = Vault(OLD), Vault(NEW, OLD)
    instances = [await insert(pool, old) for _ in range(5)]
    before = [await opened(pool, old, each) for each in instances]
    assert [await opened(pool, both, each) for each in instances] == before

    assert await rekey(pool, both, batch=2) == 0

    assert [await opened(pool, Vault(NEW), each) for each in instances] == before
    assert len(before[0][2]) == 2
    with pytest.raises(Unreadable):
        await opened(pool, old, instances[0])


async def test_programs_with_the_keys_in_either_order_read_what_each_other_writes(pool: Pool) -> None:
    for writing, reading in ((Vault(OLD, NEW), Vault(NEW, OLD)), (Vault(NEW, OLD), Vault(OLD, NEW))):
        assert (await opened(pool, reading, await insert(pool, writing)))[0] == "TOKEN"


async def test_a_second_run_has_nothing_to_do(pool: Pool) -> None:
    await insert(pool, Vault(OLD))
    both = Vault(NEW, OLD)
    await rekey(pool, both)
    kept = await pool.fetch("SELECT token_cipher, proxy_cipher FROM instance")
    await rekey(pool, both)
    assert await pool.fetch("SELECT token_cipher, proxy_cipher FROM instance") == kept


async def test_what_neither_key_opens_is_counted_and_left_alone(pool: Pool) -> None:
    lost, good = await insert(pool, Vault(LOST)), await insert(pool, Vault(OLD))
    assert await rekey(pool, Vault(NEW, OLD)) == 4
    assert (await opened(pool, Vault(LOST), lost))[0] == "TOKEN"
    assert (await opened(pool, Vault(NEW), good))[0] == "TOKEN"


async def test_every_column_that_the_vault_seals_is_known_here(pool: Pool) -> None:
    named = await pool.fetch(
        """SELECT table_name || '.' || column_name
           FROM information_schema.columns
           WHERE table_schema = 'public' AND column_name LIKE '%cipher%'"""
    )
    statements = " ".join(column.seal for column in sealed.COLUMNS)
    assert {row[0] for row in named} == {"instance.token_cipher", "instance.proxy_cipher"}
    assert all(row[0].split(".")[1] in statements for row in named)
