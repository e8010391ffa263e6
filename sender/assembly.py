"""The parts of a node, made from the settings and tied together: the one place where all rooms meet."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from random import Random
from uuid import UUID

from prometheus_client import CollectorRegistry, ProcessCollector
from redis.asyncio import Redis

from common.addresses import Jid
from common.clock import Clock
from common.doorbell import Doorbell
from common.media.assembly import media_parts
from common.metrics import MediaMetrics, PulseMetrics, SenderMetrics
from common.outbound import Outbound
from common.postgres import Pool
from common.pulse import Pulse
from common.settings import SenderSettings
from common.vault import Vault
from sender.answering.assembly import answerers
from sender.answering.invitations import Invitations
from sender.answering.seats import Seats
from sender.answers import Answers
from sender.arrivals import Arrivals
from sender.autopilot import Autopilot
from sender.composing import Composing
from sender.couriers import Couriers
from sender.handoff import Handoff
from sender.inbox import Inbox
from sender.intake import Intake
from sender.leases import Identity, Leases
from sender.ledger import Ledger
from sender.media.assembly import file_parts, links_of, receiving_rules_of
from sender.media.receiving import Receiving
from sender.media.workshop import Workshop
from sender.node import Node
from sender.notices import Notices
from sender.numbers import Numbers
from sender.pictures import Pictures
from sender.policies import caches_of, delivery_of, lookups_of, pictures_of, schedule_of
from sender.probes import VERSION, Probes
from sender.questions import Questions
from sender.recalling import Recalling
from sender.rescue import Rescue
from sender.sessions import Sessions
from sender.stays import Stays
from sender.telling import Telling
from sender.translation.families import Translator
from sender.uncertain import Uncertain, UncertainPolicy
from sender.vitals import HostsCollector, watch_sessions
from sender.ways import Ways
from sender.webhooks.assembly import webhooks_of
from sender.whatsapp.choice import choose_engine


@dataclass(frozen=True, slots=True)
class Stores:
    """Renewals have connections of their own: they must never wait behind messages. So have reads that block."""

    pool: Pool
    renewing: Pool
    redis: Redis
    listening: Redis
    asking: Redis


@dataclass(frozen=True, slots=True)
class Parts:
    """`beside` runs as long as the node does; `outbound` and `workshop` are contexts that it runs in."""

    node: Node
    beside: Mapping[str, Callable[[], Coroutine[None, None, None]]]
    outbound: Outbound
    workshop: Workshop


def assemble(settings: SenderSettings, stores: Stores, node_id: str, clock: Clock) -> Parts:
    host, _, port = settings.sender_http_addr.rpartition(":")
    namespace, keeps_all = settings.prometheus_namespace, settings.events_keep_all
    registry = CollectorRegistry()
    metrics = SenderMetrics(registry, namespace, instance_label=settings.metrics_instance_label)
    pool, redis, chance = stores.pool, stores.redis, Random()
    leases = Leases(
        stores.renewing, redis, Identity(node_id, settings.node_name, VERSION, settings.sender_http_addr,
        settings.node_capacity), settings.redis_lock_ttl, settings.redis_lock_refresh_interval, clock, metrics,
        lambda: len(sessions),
    )  # fmt: skip
    outbound, vault = Outbound(settings.allowed_networks), Vault(*settings.vault_keys)
    webhooks = webhooks_of(settings, outbound, pool, vault, node_id, leases, clock, metrics)
    announce = webhooks.wake
    ledger = Ledger(
        pool, node_id, leases, metrics, announce, keeps_all_events=keeps_all, longest_pause=settings.message_delay_max
    )
    autopilot = Autopilot(
        pool, lambda: leases.held, lambda one: sessions.session_of(one), lambda one: couriers.wake(one), announce,
        clock, max_attempts=settings.message_queue_max_attempts, keeps_all_events=keeps_all,
    )  # fmt: skip
    arrivals = Arrivals(pool, lambda: leases.held, vault)
    engine = choose_engine(settings, clock, arrivals.left, lambda *asked: recalling.recall(*asked))
    media = media_parts(settings, pool, clock, MediaMetrics(registry, namespace))
    files = file_parts(settings, media, outbound, clock)
    pictures = Pictures(
        pool, lambda one: sessions.session_of(one), lambda one: sessions.look_at_profile(one), clock, metrics,
        pictures_of(settings),
    )  # fmt: skip
    inbox = Inbox(
        pool, lambda: leases.held, announce, Translator(links_of(settings, media, clock)), engine, metrics,
        autopilot=autopilot, pictures=pictures, keeps_all_events=keeps_all, on_files=lambda: receiving.look(),
    )  # fmt: skip
    sessions = Sessions(
        engine, pool, ledger, leases.epoch_of, lambda one: couriers.wake(one),
        lambda one, chat: couriers.settled(one, chat), metrics,
        inbox=inbox, arrivals=arrivals, announce=announce, keeps_all_events=keeps_all,
        concurrency=settings.session_open_concurrency, clock=clock, chance=chance,
        name_interval=settings.profile_name_interval,
        pairs_at_once=settings.whatsapp_engine == "simulated" and settings.simulated_pairing not in ("wait", "never"),
        may_connect=leases.may_connect,
        account_of=Ways(vault, settings.whatsapp_wire).account,
    )  # fmt: skip
    receiving = Receiving(
        pool, lambda: leases.held, sessions.get, media.storage, media.disk, webhooks.look,
        receiving_rules_of(settings), clock, media.metrics, chance,
    )  # fmt: skip
    numbers = Numbers(pool, clock)
    composing = Composing(pool, clock, numbers, files.desk.of)
    delivery = delivery_of(settings)
    recalling = Recalling(pool, leases, composing.compose, settings.whatsapp_retry_age, delivery.compose_timeout)
    couriers = Couriers(
        pool, sessions.get, ledger, delivery, clock, metrics, chance, composing.compose
    )  # fmt: skip
    rescue = Rescue(
        pool, lambda: leases.held, lambda one: node.look(one), couriers.doubt, schedule_of(settings), clock, metrics,
        chance, announce, longest_pause=settings.message_delay_max, keeps_all_events=keeps_all,
    )  # fmt: skip

    def changed(instance: UUID) -> None:
        sessions.changed(instance)
        couriers.changed(instance)
        webhooks.look(instance)

    def decided(instance: UUID, chat: Jid) -> None:
        couriers.settled(instance, chat)
        webhooks.wake([instance])

    seats = Seats(sessions.get)
    invitations = Invitations(seats, pool, lambda one: couriers.wake(one), settings.message_queue_max_attempts)
    questions = {
        **Questions(sessions, files.portraits.jpeg).by_name(),
        **answerers(
            seats, files.portraits.jpeg, files.portraits.whole, invitations.send,
            pool, clock, metrics, lookups_of(settings),
            caches_of(settings), Notices(pool, announce, keeps_all_events=keeps_all),
        ),
    }  # fmt: skip
    node = Node(
        engine, leases, ledger, sessions, couriers, inbox, receiving, webhooks,
        Intake(
            stores.listening, node_id, lambda: leases.held, lambda one: node.look(one),
            lambda shards: node.look_around(shards), leases.hurry, changed,
        ),
        rescue,
        Answers(stores.asking, redis, lambda: leases.held, questions, node_id),
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
        Stays(sessions.pairing_shards, settings.pairing_handoff_wait, clock),
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
    watch_sessions(metrics, sessions)
    registry.register(HostsCollector(engine, namespace))
    ProcessCollector(namespace, registry=registry)
    pulse = Pulse(pool, PulseMetrics(registry, namespace), clock, settings.pulse_interval)
    beside = {
        "arrivals": arrivals.run,
        "upkeep of files": media.upkeep.run,
        "numbers": numbers.run,
        "names of accounts": sessions.watch_names,
        "pulse": pulse.run,
    }
    return Parts(node, beside, outbound, files.workshop)
