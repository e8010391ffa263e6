"""The frontend as one ASGI app: the API by dispatch, and beside it the probes, the reference and the panel."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
from prometheus_client import CollectorRegistry, ProcessCollector
from pydantic import SecretStr
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from common.clock import Clock, SystemClock
from common.doorbell import Doorbell, writer
from common.media.assembly import media_parts
from common.media.links import PATH
from common.metrics import FrontendMetrics, MediaMetrics, PulseMetrics
from common.outbound import Outbound
from common.postgres import open_pool
from common.public_address import parse_networks
from common.pulse import Pulse
from common.sentry import Reports, open_reports
from common.settings import FrontendSettings, parse_rate, secrets_of
from common.vault import Vault
from frontend import openapi, operations
from frontend.admission import Admission
from frontend.ask import Ask
from frontend.audit import Audit
from frontend.authentication import Authentication, Instances, Tokens
from frontend.bodies import Limits, Receive
from frontend.callers import Callers
from frontend.dispatch import Dispatch, Message, SendAnswer
from frontend.enqueue import Enqueue
from frontend.intake import FETCH_PATIENCE, Intake, IntakeRules
from frontend.media_fields import FileSizes
from frontend.media_page import MediaPage
from frontend.pages import Pages
from frontend.panel.assembly import build as build_panel
from frontend.panel.panel import Panel
from frontend.panel.throughput import Throughput
from frontend.probes import VERSION, Probes
from frontend.rates import RateLimits, Rates
from frontend.routes import Routes
from frontend.services import PATIENCE, Services

LONGEST_ADDRESS = 8_192  # bytes of path and query together: what servers in front of us usually allow

_PAGES = ("/health", "/ready", "/metrics", "/openapi.json", "/docs", "/panel", PATH)


class App:
    """Sends each request where it belongs: a few pages to Starlette, everything else to the API."""

    def __init__(self, dispatch: Dispatch, pages: Starlette, panel: Panel) -> None:
        self._dispatch = dispatch
        self._pages = pages
        self._panel = panel

    def finish(self) -> None:
        """Let go of what would stay open for as long as somebody looks at it."""
        self._panel.finish()

    async def __call__(self, scope: Message, receive: Receive, send: SendAnswer) -> None:
        if scope["path"].startswith(_PAGES):
            await self._pages(scope, receive, send)
        else:
            await self._dispatch(scope, receive, send)


@asynccontextmanager
async def open_app(
    settings: FrontendSettings, clock: Clock | None = None, reports: Reports | None = None
) -> AsyncIterator[App]:
    """The app with its pools and background tasks; when one of those fails, so does the body of the context."""
    clock = clock or SystemClock()
    registry = CollectorRegistry()
    metrics = FrontendMetrics(registry, settings.prometheus_namespace)
    async with AsyncExitStack() as stack:
        pool = await open_pool(
            settings.postgres_dsn.get_secret_value(), settings.postgres_max_conns, "pombo frontend", patience=PATIENCE
        )
        stack.push_async_callback(pool.close)
        redis, answers = writer(settings.redis), writer(settings.redis)
        for client in (redis, answers):
            stack.push_async_callback(client.aclose)
        if reports is None:
            reports = open_reports(settings, "frontend", secrets_of(settings))
            stack.callback(reports.close)
        doorbell = Doorbell(redis)
        ask = Ask(redis, answers, pool, clock, settings.ask_timeout)
        services = Services(
            pool=pool,
            doorbell=doorbell,
            vault=Vault(*settings.vault_keys),
            clock=clock,
            metrics=metrics,
            shards=settings.shard_count,
            plain_hosts=settings.plain_hosts,
            events_kept=settings.delivered_retention_period,
            keeps_all_events=settings.events_keep_all,
            tells_canceled=settings.delivery_callback_of_canceled,
            ask=ask,
            lookup_patience=settings.number_lookup_patience,
            token_overlap=settings.token_overlap,
        )
        callers = Callers(parse_networks(settings.caller_networks), parse_networks(settings.trusted_proxies))
        instances = Instances(pool, settings.auth_cache_ttl, settings.auth_cache_size)
        enqueue = Enqueue(pool, doorbell, metrics, batch=settings.enqueue_batch)
        media = media_parts(settings, pool, clock, MediaMetrics(registry, settings.prometheus_namespace))
        outbound = await stack.enter_async_context(Outbound(settings.allowed_networks))
        intake = Intake(media.storage, media.disk, outbound, rules_of(settings), clock, media.metrics)
        dispatch = Dispatch(
            Routes(operations.ALL, metrics),
            Authentication(instances, tokens_of(settings), clock),
            instances,
            enqueue,
            ask,
            services,
            intake,
            reports,
            Limits(settings.http_max_body_bytes, settings.http_read_timeout.total_seconds(), LONGEST_ADDRESS),
            admission_of(settings, callers, redis),
            Audit(pool),
            max_attempts=settings.message_queue_max_attempts,
            disconnected_limit=settings.message_queue_disconnected_limit,
            access_log=settings.log_level == "DEBUG",
        )
        ProcessCollector(settings.prometheus_namespace, registry=registry)
        pulse = Pulse(pool, PulseMetrics(registry, settings.prometheus_namespace), clock, settings.pulse_interval)
        probes = Probes(pool, redis, registry, settings.ready_timeout, settings.sentry_release)
        document = openapi.build(operations.ALL, version=VERSION, url=settings.api_base_url)
        files = MediaPage(media.storage, media.links, clock)
        outside = None
        if settings.panel_emulator_url:
            outside = await stack.enter_async_context(aiohttp.ClientSession())
        throughput = Throughput(pool, clock, settings.panel_history_interval, settings.panel_history)
        panel = build_panel(
            settings, services, dispatch, ask, tokens_of(settings), redis, callers, throughput, outside
        )  # fmt: skip
        routes = [*probes.routes, *Pages(document).routes, *files.routes]
        if settings.panel_enabled:
            routes += panel.routes
        pages = Starlette(routes=routes, exception_handlers={HTTPException: _refuse})
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        running = [
            tasks.create_task(instances.run(), name="instances"),
            tasks.create_task(enqueue.run(), name="enqueue"),
            tasks.create_task(ask.run(), name="answers"),
            tasks.create_task(media.upkeep.run(), name="upkeep of files"),
            tasks.create_task(pulse.run(), name="pulse"),
        ]
        if settings.panel_enabled:
            running.append(tasks.create_task(throughput.run(), name="history of the panel"))
        try:
            yield App(dispatch, pages, panel)
        finally:
            for task in running:
                task.cancel()


def rules_of(settings: FrontendSettings) -> IntakeRules:
    return IntakeRules(
        FileSizes(settings.media_max_file_size, settings.media_max_document_size),
        settings.http_max_body_bytes,
        settings.media_upload_timeout,
        min(FETCH_PATIENCE, settings.media_download_timeout),
    )


def tokens_of(settings: FrontendSettings) -> Tokens:
    """A blank token is none: nobody shall get in with an empty one."""
    return Tokens(
        settings.client_auth_token.get_secret_value().strip().encode(),
        _token(settings.partner_auth_token),
        _token(settings.client_auth_token_former),
        _token(settings.partner_auth_token_former),
        _token(settings.admin_auth_token),
    )


def _token(secret: SecretStr | None) -> bytes | None:
    return None if secret is None else secret.get_secret_value().strip().encode() or None


def admission_of(settings: FrontendSettings, callers: Callers, redis: Redis) -> Admission:
    instance, address = parse_rate(settings.rate_limit_instance), parse_rate(settings.rate_limit_address)
    return Admission(callers, Rates(redis, RateLimits(instance, address)) if instance or address else None)


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail.lower()}, error.status_code, headers=dict(error.headers or {}))
