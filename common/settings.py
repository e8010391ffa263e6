"""Settings: every environment variable that either program reads, with its default beside it."""

import os
import re
import socket
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SecretsSettingsSource, SettingsConfigDict

from common.public_address import Network, parse_networks

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d|w))+")
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w)")


def parse_duration(value: object) -> object:
    """`500ms`, `5s`, `2m`, `6h`, `7d`, `1w`, `1h30m`, or bare seconds. Anything else is left to pydantic to refuse."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value)
    if isinstance(value, str):
        text = value.strip()
        if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
            return timedelta(seconds=float(text))
        if _DURATION.fullmatch(text):
            return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text)))
        raise ValueError(f"{value!r} is not a duration such as 500ms, 5s, 2m, 6h or 7d")
    return value


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in so long."""

    amount: int
    span: timedelta


def parse_rate(text: str) -> Rate | None:
    """`100/1s`, `600/1m`; nothing for none. Raises ValueError."""
    if not text.strip():
        return None
    amount, _, span = text.partition("/")
    duration = parse_duration(span)
    if not amount.strip().isdigit() or int(amount) < 1 or not isinstance(duration, timedelta) or not duration:
        raise ValueError(f"{text!r} is not a rate such as 100/1s")
    return Rate(int(amount), duration)


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]


def _durations(text: str) -> tuple[timedelta, ...]:
    parts = [parse_duration(part) for part in text.split(",") if part.strip()]
    return tuple(part for part in parts if isinstance(part, timedelta))


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


class Settings(BaseSettings):
    """Read once by `__main__` and split there: parts of the program take only what they need."""

    model_config = SettingsConfigDict(frozen=True, env_file=None, extra="ignore", populate_by_name=True)

    # Settings from files, one named like each variable: how secrets are mounted into a container.
    settings_folder: str = ""

    # --- stores ---
    postgres_dsn: SecretStr = Field(validation_alias=AliasChoices("POSTGRES_DSN", "DATABASE_URL"))
    postgres_max_conns: int = Field(default=8, ge=2, le=200)
    wameow_postgres_dsn: SecretStr | None = None
    redis_url: SecretStr | None = None
    redis_addr: str = "127.0.0.1:6379"
    redis_username: str = ""
    redis_password: SecretStr = SecretStr("")
    redis_db: int = Field(default=0, ge=0)
    redis_tls_enabled: bool = False
    shard_count: int = Field(default=256, ge=1, le=4096)

    # --- log, errors ---
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    sentry_dsn: SecretStr | None = None
    sentry_environment: str = "production"
    sentry_release: str | None = None
    prometheus_namespace: str = ""
    metrics_instance_label: bool = False
    pulse_interval: Duration = seconds(15)

    # --- to the world ---
    outbound_allowed_networks: str = ""
    webhook_http_hosts: str = ""

    # --- events ---
    events_keep_all: bool = False
    delivery_callback_of_canceled: bool = True
    delivered_retention_period: Duration = seconds(24 * 3600)

    # --- files ---
    s3_bucket: str = ""
    s3_endpoint: str = ""
    s3_region: str = ""
    s3_access_key: str = ""
    s3_secret_key: SecretStr = SecretStr("")
    s3_use_ssl: bool = True
    s3_public_base_url: str = Field(default="", pattern=r"^(https?://[^\s]+)?$")
    s3_use_presigned_urls: bool = False
    s3_url_expiration: Duration = Field(default=seconds(6 * 86400), le=timedelta(days=7))
    media_local_storage_path: str = "/var/lib/pombo/media"
    media_local_url_expiry: Duration = seconds(720 * 3600)
    media_local_secret_key: SecretStr | None = None
    media_local_public_base_url: str = ""
    media_retention: Duration = seconds(720 * 3600)
    media_cleanup_interval: Duration = seconds(3600)
    media_move_interval: Duration = seconds(15)
    media_download_timeout: Duration = seconds(300)
    media_max_file_size: int = Field(default=100 * 1024 * 1024, ge=1024)
    media_max_document_size: int = Field(default=1000 * 1024 * 1024, ge=1024)

    # --- queue ---
    message_queue_max_attempts: int = Field(default=3, ge=1, le=100)
    message_queue_initial_backoff: Duration = seconds(1)
    message_queue_max_backoff: Duration = seconds(300)
    message_queue_backoff_multiplier: float = Field(default=2.0, ge=1)
    message_queue_completed_retention: Duration = seconds(24 * 3600)
    message_queue_failed_retention: Duration = seconds(7 * 86400)
    message_queue_cleanup_interval: Duration = seconds(3600)
    message_queue_disconnected_limit: int = Field(default=1000, ge=0)
    message_delay_min: Duration = seconds(1)
    message_delay_max: Duration = seconds(3)
    idempotency_retention: Duration = seconds(24 * 3600)
    enqueue_batch: int = Field(default=256, ge=1, le=5000)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """A variable wins over a file. A folder that is named and missing is an error, not an empty one."""
        folder = os.environ.get("SETTINGS_FOLDER", "")
        if not folder:
            return init_settings, env_settings
        if not Path(folder).is_dir():
            raise ValueError(f"SETTINGS_FOLDER: {folder} is no folder")
        return init_settings, env_settings, SecretsSettingsSource(settings_cls, secrets_dir=folder)

    @property
    def redis(self) -> str:
        """One URL, from REDIS_URL or from the REDIS_* parts."""
        if self.redis_url is not None:
            return self.redis_url.get_secret_value()
        scheme = "rediss" if self.redis_tls_enabled else "redis"
        password = self.redis_password.get_secret_value()
        login = f"{quote(self.redis_username)}:{quote(password)}@" if password or self.redis_username else ""
        return f"{scheme}://{login}{self.redis_addr}/{self.redis_db}"

    @property
    def allowed_networks(self) -> tuple[Network, ...]:
        """OUTBOUND_ALLOWED_NETWORKS: what may be reached although it is not public."""
        return parse_networks(self.outbound_allowed_networks)

    @property
    def plain_hosts(self) -> frozenset[str]:
        """WEBHOOK_HTTP_HOSTS: hosts whose webhooks may be reached without TLS."""
        return frozenset(host.strip().lower() for host in self.webhook_http_hosts.split(",") if host.strip())

    @property
    def session_store(self) -> str:
        """WAMEOW_POSTGRES_DSN, or the database beside the main one whose name ends in `_whatsapp`."""
        if self.wameow_postgres_dsn is not None:
            return self.wameow_postgres_dsn.get_secret_value()
        parts = urlsplit(self.postgres_dsn.get_secret_value())
        return urlunsplit(parts._replace(path=f"{parts.path or '/postgres'}_whatsapp"))

    @field_validator("outbound_allowed_networks")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        parse_networks(value)
        return value

    @model_validator(mode="after")
    def _delays_in_order(self) -> "Settings":
        if self.message_delay_min > self.message_delay_max:
            raise ValueError("MESSAGE_DELAY_MIN is above MESSAGE_DELAY_MAX")
        return self


class SealingSettings(Settings):
    """What everybody reads who opens what is kept encrypted in the database."""

    token_encryption_key: SecretStr
    token_encryption_key_other: SecretStr | None = None

    @property
    def vault_keys(self) -> tuple[str, str | None]:
        """The current key, and one that opens as well."""
        secret = self.token_encryption_key_other
        other = None if secret is None else secret.get_secret_value().strip() or None
        return self.token_encryption_key.get_secret_value(), other


class FrontendSettings(SealingSettings):
    """What only a frontend reads."""

    http_addr: str = "0.0.0.0:8080"
    api_base_url: str = ""
    client_auth_token: SecretStr
    partner_auth_token: SecretStr | None = None
    auth_cache_ttl: Duration = seconds(2)
    auth_cache_size: int = Field(default=50_000, ge=1)
    http_max_body_bytes: int = Field(default=10 * 1024 * 1024, ge=1024)
    http_read_timeout: Duration = seconds(15)
    http_idle_timeout: Duration = seconds(120)
    media_upload_timeout: Duration = seconds(600)
    http_head_timeout: Duration = seconds(10)
    client_auth_token_former: SecretStr | None = None
    partner_auth_token_former: SecretStr | None = None
    admin_auth_token: SecretStr | None = None
    token_overlap: Duration = seconds(24 * 3600)
    caller_networks: str = ""
    trusted_proxies: str = ""
    rate_limit_instance: str = ""
    rate_limit_address: str = ""
    ask_timeout: Duration = seconds(15)
    number_lookup_patience: Duration = seconds(60)
    ready_timeout: Duration = seconds(3)
    panel_enabled: bool = True
    panel_session: Duration = Field(default=seconds(12 * 3600), ge=timedelta(minutes=1))
    panel_login_attempts: int = Field(default=10, ge=1)
    panel_login_window: Duration = Field(default=seconds(300), ge=timedelta(seconds=1))
    panel_interval: Duration = Field(default=seconds(1), ge=timedelta(milliseconds=50))
    panel_live_pages: int = Field(default=50, ge=0)
    panel_history_interval: Duration = Field(default=seconds(60), ge=timedelta(seconds=1))
    panel_history: Duration = Field(default=seconds(24 * 3600), ge=timedelta(minutes=10))
    panel_emulator_url: str = Field(default="", pattern=r"^(http://[!-~]+)?$")

    @field_validator("caller_networks", "trusted_proxies")
    @classmethod
    def _name_networks(cls, value: str) -> str:
        parse_networks(value)
        return value

    @field_validator("rate_limit_instance", "rate_limit_address")
    @classmethod
    def _are_rates(cls, value: str) -> str:
        parse_rate(value)
        return value

    @model_validator(mode="after")
    def _client_token_is_a_secret(self) -> "FrontendSettings":
        if len(self.client_auth_token.get_secret_value().strip()) < 16:
            raise ValueError("CLIENT_AUTH_TOKEN must have at least 16 characters")
        return self


class SenderSettings(SealingSettings):
    """What only a sender reads."""

    sender_http_addr: str = "0.0.0.0:8081"
    node_id: str | None = None
    node_capacity: int = Field(default=100, ge=1)
    whatsapp_engine: Literal["neonize", "simulated"] = "neonize"
    # Everything that WhatsApp's library dials goes through this proxy (http, https or socks5 URL); empty: directly.
    whatsapp_proxy: str = ""
    # Whether sessions speak to WhatsApp themselves or through the relay of their host; an instance may say otherwise.
    whatsapp_wire: Literal["direct", "relay"] = "direct"
    # How long a relayed session waits for WhatsApp's word on a message that has left; then the message is in doubt.
    whatsapp_ack_timeout: Duration = seconds(10)
    # Stanzas of a relayed session that may wait for a received message to be stored before no more are read.
    whatsapp_relay_held: int = Field(default=500, ge=1)
    whatsapp_question_pause: Duration = seconds(0.2)
    # For receivers who could not read a message that the library has forgotten since: so often each, and for so long.
    whatsapp_retry_answers: int = Field(default=5, ge=0)
    whatsapp_retry_age: Duration = timedelta(days=7)
    # A WhatsApp server of one's own: who signs its certificates (a PEM file) and its handshakes (a key in hex).
    whatsapp_ca_file: str = ""
    whatsapp_noise_root: str = Field(default="", pattern=r"^([0-9a-fA-F]{64})?$")
    # Sessions in one session host: what an abort of the library interrupts. Each host costs 45 MB.
    host_sessions: int = Field(default=50, ge=1, le=200)
    # Go's soft limit per session host (GOMEMLIMIT): above it memory is collected harder.
    host_memory_limit: str = Field(default="1GiB", pattern=r"^[0-9]+(B|KiB|MiB|GiB)$")

    redis_lock_ttl: Duration = seconds(15)
    redis_lock_refresh_interval: Duration = seconds(5)
    send_timeout: Duration = seconds(90)
    typing_refresh: Duration = seconds(20)
    lane_prefetch: int = Field(default=200, ge=1)
    sweep_interval: Duration = seconds(10)
    schedule_interval: Duration = seconds(1)
    uncertain_grace: Duration = seconds(90)
    shutdown_timeout: Duration = seconds(100)
    drain_timeout: Duration = seconds(60)
    wameow_idle_timeout: Duration = seconds(3)
    pairing_handoff_wait: Duration = seconds(45)
    session_open_concurrency: int = Field(default=8, ge=1)

    number_lookup_batch: int = Field(default=200, ge=1, le=1000)
    number_lookup_pause: Duration = seconds(0.5)
    number_cache_ttl: Duration = seconds(24 * 3600)
    number_missing_ttl: Duration = seconds(600)
    contact_cache_ttl: Duration = seconds(600)
    contact_cache_size: int = Field(default=20_000, ge=1)

    profile_pictures: bool = True
    profile_picture_refresh: Duration = seconds(24 * 3600)
    profile_picture_pause: Duration = seconds(1)
    profile_picture_concurrency: int = Field(default=4, ge=1, le=64)
    profile_name_interval: Duration = Field(default=seconds(60), ge=timedelta(seconds=1))

    media_worker_concurrency: int = Field(default=2, ge=1, le=64)
    media_upload_concurrency: int = Field(default=4, ge=1, le=64)
    media_convert_timeout: Duration = seconds(120)
    media_receive_concurrency: int = Field(default=4, ge=1, le=64)
    media_receive_timeout: Duration = seconds(300)
    media_max_retries: int = Field(default=3, ge=1, le=20)
    media_event_wait: Duration = seconds(30)

    webhook_timeout: Duration = seconds(15)
    event_retry_delays: str = "0s,10s,30s,2m,5m,15m"
    webhook_breaker_failures: int = Field(default=5, ge=1)
    webhook_breaker_cooldown: Duration = seconds(30)
    webhook_concurrency: int = Field(default=200, ge=1, le=250)
    webhook_destination_concurrency: int = Field(default=32, ge=1)
    event_sweep_interval: Duration = seconds(60)
    audit_retention: Duration = seconds(90 * 86400)
    dlq_retention_period: Duration = seconds(7 * 86400)

    @property
    def node_name(self) -> str:
        """NODE_ID, or a name that is the same after a restart, so that the shards come home."""
        return self.node_id or f"{socket.gethostname()}-{self.sender_http_addr.rpartition(':')[2]}"

    @property
    def retry_delays(self) -> tuple[timedelta, ...]:
        """EVENT_RETRY_DELAYS: the pause before each attempt to deliver an event."""
        return _durations(self.event_retry_delays)

    @field_validator("event_retry_delays")
    @classmethod
    def _are_durations(cls, value: str) -> str:
        if not _durations(value):
            raise ValueError("at least one duration is needed")
        return value

    simulated_latency: Duration = seconds(0)
    simulated_seed: int = 0
    simulated_failures: float = Field(default=0.0, ge=0, le=1)
    simulated_journal: str = ""
    simulated_pairing: Literal["at-once", "wait", "never", "offline"] = "at-once"


def secrets_of(settings: Settings) -> list[str]:
    """Every secret among the settings: what must never be shown, wherever it turns up."""
    values = (getattr(settings, name) for name in type(settings).model_fields)
    return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
