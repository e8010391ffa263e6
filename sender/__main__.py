"""Run one sender node: parse the settings, build the parts, run until SIGTERM or SIGINT."""

import asyncio
import contextlib
import os
import secrets
import signal
import sys
from datetime import timedelta
from random import Random
from uuid import UUID

import uvloop
from prometheus_client import CollectorRegistry, ProcessCollector

from common import logs
from common.addresses import Jid
from common.clock import Clock, SystemClock
from common.doorbell import Doorbell, writer
from common.media.assembly import MediaParts, media_parts
from common.metrics import MediaMetrics, PulseMetrics, SenderMetrics
from common.outbound import Outbound
from common.postgres import OUTAGES, Pool, open_pool
from common.pulse import Pulse
from common.sentry import open_reports
from common.settings import SenderSettings, secrets_of
from common.tables import node as node_table
from common.vault import Vault
from sender.answering.assembly import answerers
from sender.answering.contacts import CacheRules
from sender.answering.invitations import Invitations
from sender.answering.lookups import LookupRules
from sender.answering.seats import Seats
from sender.answers import Answers
from sender.autopilot import Autopilot
from sender.composing import Composing
from sender.courier import DeliveryPolicy
from sender.couriers import Couriers
from sender.handoff import Handoff
from sender.inbox import Inbox
from sender.intake import Intake, reader
from sender.leases import Identity, Leases
from sender.ledger import Ledger
from sender.media.cards import Cards
from sender.media.desk import Desk, DeskRules
from sender.media.fetching import Fetching
from sender.media.linking import ReceivedLinks
from sender.media.portraits import PATIENCE as PORTRAIT_PATIENCE
from sender.media.portraits import Portraits
from sender.media.receiving import Receiving, ReceivingRules
from sender.media.workshop import Workshop
from sender.node import Node
from sender.numbers import Numbers
from sender.probes import VERSION, Probes
from sender.questions import Questions
from sender.rescue import Rescue, Schedule
from sender.retries import RetryPolicy
from sender.sessions import Sessions
from sender.telling import Telling
from sender.translation.families import Translator
from sender.translation.media import MediaLinks, NoMedia
from sender.uncertain import Uncertain, UncertainPolicy
from sender.vitals import HostsCollector, watch_sessions
from sender.ways import Ways
from sender.webhooks.destination import BreakerPolicy
from sender.webhooks.dispatcher import Webhooks
from sender.webhooks.lane import RetryDelays, Tools
from sender.webhooks.post import Post
from sender.webhooks.reads import Reads
from sender.webhooks.records import Records
from sender.whatsapp.choice import choose_engine

log = logs.get(__name__)


async def serve(settings: SenderSettings) -> None:
    clock: Clock = SystemClock()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    host, _, port = settings.sender_http_addr.rpartition(":")
    # The name stays after a restart; the id is this process's own.
    name = settings.node_name
    node_id = f"{name}-{secrets.token_hex(3)}"
    registry = CollectorRegistry()
    metrics = SenderMetrics(
        registry, settings.prometheus_namespace, instance_label=settings.metrics_instance_label
    )  # fmt: skip
    pool = await open_pool(
        settings.postgres_dsn.get_secret_value(), settings.postgres_max_conns, f"pombo sender {node_id}"
    )
    # Renewals have connections of their own: they must never wait behind messages.
    renewing = await open_pool(settings.postgres_dsn.get_secret_value(), 2, f"pombo leases {node_id}")
    redis, listening, asking = writer(settings.redis), reader(settings.redis), reader(settings.redis)
    chance = Random()
    leases = Leases(
        renewing, redis, Identity(node_id, name, VERSION, settings.sender_http_addr, settings.node_capacity),
        settings.redis_lock_ttl, settings.redis_lock_refresh_interval, clock, metrics, lambda: len(sessions),
    )  # fmt: skip
    outbound, keeps_all = Outbound(settings.allowed_networks), settings.events_keep_all
    vault = Vault(settings.token_encryption_key.get_secret_value())
    webhooks = webhooks_of(settings, outbound, pool, vault, node_id, leases, clock, metrics)
    announce = webhooks.wake
    ledger = Ledger(
        pool, node_id, leases, metrics, announce, keeps_all_events=keeps_all, longest_pause=settings.message_delay_max
    )
    autopilot = Autopilot(
        pool, lambda: leases.held, lambda one: sessions.session_of(one), lambda one: couriers.wake(one), announce,
        clock, max_attempts=settings.message_queue_max_attempts, keeps_all_events=keeps_all,
    )  # fmt: skip
    engine = choose_engine(settings, clock)
    media = media_parts(settings, pool, clock, MediaMetrics(registry, settings.prometheus_namespace))
    inbox = Inbox(
        pool, lambda: leases.held, announce, Translator(links_of(settings, media, clock)), engine, metrics,
        autopilot=autopilot, keeps_all_events=keeps_all, on_files=lambda: receiving.look(),
    )  # fmt: skip
    sessions = Sessions(
        engine, pool, ledger, leases.epoch_of, lambda one: couriers.wake(one),
        lambda one, chat: couriers.settled(one, chat), metrics,
        inbox=inbox, announce=announce, keeps_all_events=keeps_all,
        concurrency=settings.session_open_concurrency, clock=clock, chance=chance,
        pairs_at_once=settings.whatsapp_engine == "simulated" and settings.simulated_pairing not in ("wait", "never"),
        may_connect=leases.may_connect,
        account_of=Ways(vault, settings.whatsapp_wire).account,
    )  # fmt: skip
    receiving = Receiving(
        pool, lambda: leases.held, sessions.get, media.storage, media.disk, webhooks.look,
        ReceivingRules(
            settings.media_max_file_size, settings.media_receive_concurrency, settings.media_max_retries,
            settings.media_receive_timeout,
        ),
        clock, media.metrics, chance,
    )  # fmt: skip
    watch_sessions(metrics, sessions)
    registry.register(HostsCollector(engine, settings.prometheus_namespace))
    ProcessCollector(settings.prometheus_namespace, registry=registry)
    pulse = Pulse(pool, PulseMetrics(registry, settings.prometheus_namespace), clock, settings.pulse_interval)
    workshop = Workshop(settings.media_worker_concurrency, settings.media_convert_timeout)
    desk = Desk(
        Fetching(outbound, media.storage, clock, settings.media_download_timeout), workshop,
        Cards(outbound, workshop), media.disk,
        DeskRules(
            settings.media_max_file_size, settings.media_max_document_size,
            uploads_at_once=settings.media_upload_concurrency,
        ),
        clock, media.metrics,
    )  # fmt: skip
    numbers = Numbers(pool, clock)
    composing = Composing(pool, clock, numbers, desk.of)
    portraits = Portraits(Fetching(outbound, media.storage, clock, PORTRAIT_PATIENCE), workshop, media.disk)
    couriers = Couriers(
        pool, sessions.get, ledger, policy_of(settings), clock, metrics, chance, composing.compose
    )  # fmt: skip
    rescue = Rescue(
        pool, lambda: leases.held, lambda one: node.look(one), couriers.doubt, schedule_of(settings), clock, metrics,
        chance, announce, longest_pause=settings.message_delay_max, keeps_all_events=keeps_all,
    )  # fmt: skip

    def changed(instance: UUID) -> None:
        couriers.changed(instance)
        webhooks.look(instance)

    def decided(instance: UUID, chat: Jid) -> None:
        couriers.settled(instance, chat)
        webhooks.wake([instance])

    seats = Seats(sessions.get)
    invitations = Invitations(seats, pool, lambda one: couriers.wake(one), settings.message_queue_max_attempts)
    questions = {
        **Questions(sessions, portraits.jpeg).by_name(),
        **answerers(
            seats, portraits.jpeg, invitations.send, pool, clock, metrics,
            LookupRules(
                settings.number_lookup_batch, settings.number_lookup_pause, settings.number_cache_ttl,
                settings.number_missing_ttl,
            ),
            CacheRules(settings.contact_cache_ttl, settings.contact_cache_size),
        ),
    }  # fmt: skip
    node = Node(
        engine, leases, ledger, sessions, couriers, inbox, receiving, webhooks,
        Intake(
            listening, node_id, lambda: leases.held, lambda one: node.look(one),
            lambda shards: node.look_around(shards), leases.hurry, changed,
        ),
        rescue,
        Answers(asking, redis, lambda: leases.held, questions, node_id),
        Probes(
            registry,
            {
                "database": lambda: pool.fetchval("SELECT 1"),
                "redis": lambda: redis.ping(),
                "leases": leases.has_looked.wait,
            },
            frozenset({"database", "leases"}),
        ),
        Handoff(leases, couriers.rest_shards, sessions.close_shards, Doorbell(redis), pool, clock, metrics),
        Uncertain(
            pool, lambda: leases.held, couriers.hold, decided,
            UncertainPolicy.of(settings.uncertain_grace, settings.message_queue_failed_retention), clock, metrics,
            Telling(clock, keeps_all_events=keeps_all),
        ),
        clock,
        address=(host or "0.0.0.0", int(port)),
        patience=settings.shutdown_timeout.total_seconds(),
        event_sweep=settings.event_sweep_interval,
    )  # fmt: skip
    log.info("node starts", node=node_id, engine=settings.whatsapp_engine, pid=os.getpid())
    try:
        async with outbound, workshop, asyncio.TaskGroup() as beside:
            helping = [
                beside.create_task(media.upkeep.run(), name="upkeep of files"),
                beside.create_task(numbers.run(), name="numbers"),
                beside.create_task(pulse.run(), name="pulse"),
            ]
            await node.run(stop)
            for task in helping:
                task.cancel()
    finally:
        for client in (redis, listening, asking):
            await client.aclose()
        with contextlib.suppress(*OUTAGES):  # others forget us anyway
            await pool.execute(node_table.REMOVE, node_id)
        await renewing.close()
        await pool.close()


def links_of(settings: SenderSettings, media: MediaParts, clock: Clock) -> MediaLinks:
    """Without a key there are no links, hence nothing to download for."""
    if media.links is None:
        return NoMedia()
    return ReceivedLinks(
        media.links,
        clock,
        wait=settings.media_event_wait,
        lifetime=min(settings.media_local_url_expiry, settings.media_retention),
        largest=settings.media_max_file_size,
    )


def policy_of(settings: SenderSettings) -> DeliveryPolicy:
    return DeliveryPolicy(
        pause_min=settings.message_delay_min,
        pause_max=settings.message_delay_max,
        send_timeout=settings.send_timeout,
        # A file is fetched, converted and uploaded in this time.
        compose_timeout=settings.media_download_timeout + settings.media_convert_timeout + timedelta(minutes=5),
        typing_refresh=settings.typing_refresh,
        uncertain_grace=settings.uncertain_grace,
        retry=RetryPolicy(
            settings.message_queue_initial_backoff,
            settings.message_queue_backoff_multiplier,
            settings.message_queue_max_backoff,
        ),
        prefetch=settings.lane_prefetch,
    )


def webhooks_of(
    settings: SenderSettings,
    outbound: Outbound,
    pool: Pool,
    vault: Vault,
    node: str,
    leases: Leases,
    clock: Clock,
    metrics: SenderMetrics,
) -> Webhooks:
    tools = Tools(
        Post(outbound, settings.webhook_timeout, settings.plain_hosts),
        Reads(pool, vault),
        Records(pool, node, leases.epoch_of),
        asyncio.Semaphore(settings.webhook_concurrency),
        leases.epoch_of,
        RetryDelays(settings.retry_delays),
        clock,
        Random(),
        metrics,
    )
    breaker = BreakerPolicy(
        settings.webhook_breaker_failures,
        settings.webhook_breaker_cooldown,
        settings.webhook_destination_concurrency,
    )
    return Webhooks(pool, tools, breaker)


def schedule_of(settings: SenderSettings) -> Schedule:
    return Schedule(
        settings.sweep_interval,
        settings.schedule_interval,
        settings.message_queue_cleanup_interval,
        settings.message_queue_completed_retention,
        settings.message_queue_failed_retention,
        settings.idempotency_retention,
        settings.delivered_retention_period,
        settings.dlq_retention_period,
        settings.audit_retention,
    )


def main() -> None:
    settings = SenderSettings()
    reports = open_reports(settings, "sender", secrets_of(settings))
    logs.configure(settings.log_level, "sender", reports)
    try:
        uvloop.run(serve(settings))
    except Exception:
        log.critical("node ended by an error", exc_info=True)
        sys.exit(1)
    finally:
        reports.close()


if __name__ == "__main__":
    main()
