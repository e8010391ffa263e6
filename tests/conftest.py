"""Servers for tests: one Postgres and one Valkey per pytest process, and a fresh database per test."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import redis as synchronous_redis
from redis.asyncio import Redis

from common.local.postgres import UNSAFE_AND_FAST, Postgres
from common.local.valkey import Valkey
from common.media.disk import Disk
from common.postgres import Pool, open_pool
from loadtests.measure.bucket_server import BucketServer
from tests import leaks
from tests.databases import Databases

LONG = ("system", "property", "browser", "contract")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--wire", choices=("direct", "relay"), help="only the tests of real sessions, all of which go this way"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Every program that a test starts inherits the variable; a test that is about one way names it itself."""
    if wire := config.getoption("--wire"):
        os.environ["WHATSAPP_WIRE"] = wire


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long files first: with whole files dealt out to processes, one that begins last would leave the others idle."""
    if wire := config.getoption("--wire"):
        others = [item for item in items if not _goes(item, wire)]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if _goes(item, wire)]
    rooms = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(rooms).parts[0] not in LONG)


def _goes(item: pytest.Item, wire: str) -> bool:
    is_named = item.get_closest_marker("either_wire") is not None
    return is_named and (wire == "direct" or item.get_closest_marker("only_direct") is None)


@pytest.fixture(scope="session")
def wire(pytestconfig: pytest.Config) -> str:
    """The way of real sessions in this run."""
    return pytestconfig.getoption("--wire") or "direct"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def no_secret_in_any_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What the programs of the whole run wrote holds no token and no phone number. Fails after the last test."""
    yield
    found = leaks.in_logs(tmp_path_factory.getbasetemp())
    assert not found, "\n".join(["secrets in logs:", *found[:20]])


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """The server that all tests of this process share: never stop it, take one of your own (`own_postgres`)."""
    server = Postgres(tmp_path_factory.mktemp("postgres") / "data", settings=UNSAFE_AND_FAST)
    with server.running():
        yield server


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """The server that all tests of this process share; each test finds it empty."""
    server = Valkey(tmp_path_factory.mktemp("valkey") / "data", durable=False)
    with server.running():
        yield server


@pytest.fixture(scope="session")
def databases(postgres: Postgres) -> Iterator[Databases]:
    made = Databases(postgres)
    yield made
    made.close()


@pytest.fixture
def database(databases: Databases) -> Iterator[str]:
    """The DSN of a fresh, migrated database that no other test sees."""
    dsn = databases.create()
    yield dsn
    databases.drop(dsn)


@pytest.fixture
def empty_database(databases: Databases) -> Iterator[str]:
    """The DSN of a database without any table."""
    dsn = databases.create(migrated=False)
    yield dsn
    databases.drop(dsn)


@pytest.fixture
async def pool(database: str, anyio_backend: str) -> AsyncIterator[Pool]:
    pool = await open_pool(database, 10, "test")
    yield pool
    await pool.close()


@pytest.fixture
def redis_url(valkey: Valkey) -> str:
    """An empty Valkey. Tests of one process run one after the other, so emptying all of it disturbs nobody."""
    with synchronous_redis.Redis.from_url(valkey.url()) as client:
        client.flushall()
    return valkey.url()


@pytest.fixture
async def redis(redis_url: str, anyio_backend: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def own_postgres(tmp_path: Path) -> Postgres:
    """A server for one test alone, durable and not started: `with own_postgres.running() as process`."""
    return Postgres(tmp_path / "own_postgres")


@pytest.fixture
def own_valkey(tmp_path: Path) -> Valkey:
    """A server for one test alone, durable and not started: `with own_valkey.running() as process`."""
    return Valkey(tmp_path / "own_valkey")


@pytest.fixture(scope="session")
def bucket_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketServer]:
    """The bucket that all tests of this process share: never stop it, make a server of your own."""
    with BucketServer(tmp_path_factory.mktemp("bucket") / "bucket.log").running() as server:
        yield server


@pytest.fixture
def full_disk(tmp_path: Path) -> Disk:
    """A disk for files on which the system itself says that there is no space left."""
    return Disk(tmp_path / "full", lambda path: Path("/dev/full").open("wb"))


@pytest.fixture
def log_of(tmp_path: Path) -> Callable[[str], Path]:
    """Where a process that a test starts may write its output."""
    return lambda name: tmp_path / f"{name}.log"
