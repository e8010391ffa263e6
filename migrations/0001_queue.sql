-- before: the first tables; nothing older exists.

-- Which node may act for which instances. `epoch` is raised by every claim and checked by every write of the owner.
CREATE TABLE shard (
    id          integer PRIMARY KEY,
    epoch       bigint NOT NULL DEFAULT 0,
    node        text,
    lease_until timestamptz
) WITH (fillfactor = 50);

CREATE TABLE node (
    id          text PRIMARY KEY,
    version     text NOT NULL,
    address     text NOT NULL,
    capacity    integer NOT NULL CHECK (capacity > 0),
    sessions    integer NOT NULL DEFAULT 0,
    started_at  timestamptz NOT NULL DEFAULT now(),
    seen_at     timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE instance (
    id                                  uuid PRIMARY KEY,
    shard                               integer NOT NULL REFERENCES shard,
    name                                text NOT NULL,
    session_name                        text,
    token_hash                          bytea NOT NULL CHECK (length(token_hash) = 32),
    token_cipher                        bytea NOT NULL,
    middleware                          text NOT NULL DEFAULT 'web' CHECK (middleware IN ('web', 'mobile')),
    business_device                     boolean NOT NULL DEFAULT false,
    disable_enqueue_when_disconnected   boolean NOT NULL DEFAULT false,
    call_reject_auto                    boolean NOT NULL DEFAULT false,
    call_reject_message                 text,
    auto_read_message                   boolean NOT NULL DEFAULT false,
    auto_read_status                    boolean NOT NULL DEFAULT false,
    receive_callback_sent_by_me         boolean NOT NULL DEFAULT false,
    delivery_callback_url               text,
    received_callback_url               text,
    received_and_delivery_callback_url  text,
    presence_chat_callback_url          text,
    connected_callback_url              text,
    disconnected_callback_url           text,
    message_status_callback_url         text,
    received_status_callback_url        text,
    created_at                          timestamptz NOT NULL DEFAULT now(),
    due                                 timestamptz NOT NULL,
    subscribed_at                       timestamptz,
    canceled_at                         timestamptz,
    with_calls                          boolean NOT NULL DEFAULT false,
    -- the linked WhatsApp account; `device` is the exact device address stored at pairing
    device                              text,
    phone                               text,
    lid                                 text,
    profile_name                        text,
    profile_about                       text,
    profile_picture                     text,
    platform                            text,
    session_state                       text NOT NULL DEFAULT 'unpaired' CHECK (session_state IN (
        'unpaired', 'connecting', 'connected', 'disconnected', 'logged-out', 'conflict', 'banned', 'outdated')),
    session_error                       text,
    session_changed_at                  timestamptz NOT NULL DEFAULT now(),
    -- raised by every change that a frontend may have cached
    version                             bigint NOT NULL DEFAULT 1,
    CHECK (session_state IN ('unpaired', 'logged-out') OR device IS NOT NULL)
);
CREATE INDEX instance_shard ON instance (shard);
CREATE INDEX instance_created ON instance (created_at, id);

-- One rising counter serves all instances: within each it rises in the order of acceptance (gaps are allowed),
-- and no writer waits for another's commit, as a counter row per instance would make it. CACHE 1: a cached range
-- would let a later request draw a smaller number.
CREATE SEQUENCE message_sequence AS bigint CACHE 1;
CREATE FUNCTION get_next_message_sequence(instance_id uuid) RETURNS bigint
    LANGUAGE sql VOLATILE AS $$ SELECT nextval('message_sequence') $$;

-- The hot set: what has been accepted and is not final. A final row leaves for message_history or
-- message_dead_letter in the statement that decides it, so this table stays as small as the backlog.
CREATE TABLE message_queue (
    id              bigint PRIMARY KEY,
    instance_id     uuid NOT NULL,
    shard           integer NOT NULL,
    zaap_id         uuid NOT NULL,
    message_id      text NOT NULL,
    kind            text NOT NULL,
    chat            text NOT NULL,
    payload         jsonb NOT NULL,
    status          text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'sending', 'uncertain')),
    attempts        smallint NOT NULL DEFAULT 0 CHECK (attempts BETWEEN 0 AND max_attempts),
    max_attempts    smallint NOT NULL CHECK (max_attempts > 0),
    delay_message   smallint CHECK (delay_message BETWEEN 1 AND 15),
    delay_typing    smallint NOT NULL DEFAULT 0 CHECK (delay_typing BETWEEN 0 AND 15),
    is_due          boolean NOT NULL DEFAULT true,
    accepted_at     timestamptz NOT NULL DEFAULT now(),
    scheduled_at    timestamptz CHECK (is_due OR scheduled_at IS NOT NULL),
    next_attempt_at timestamptz,
    expires_at      timestamptz,
    -- the attempt under way or last made
    started_at      timestamptz,
    epoch           bigint,
    node            text,
    whatsapp_id     text,
    error           text,
    error_class     text,
    metadata        jsonb NOT NULL DEFAULT '{}',
    CHECK (status = 'queued' OR (started_at IS NOT NULL AND epoch IS NOT NULL AND node IS NOT NULL))
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
        autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_analyze_scale_factor = 0.05);
-- Status is in no index, so that queued -> sending is a heap-only update.
CREATE INDEX message_queue_instance ON message_queue (instance_id, is_due DESC, id);
CREATE UNIQUE INDEX message_queue_zaap_id ON message_queue (zaap_id);
CREATE INDEX message_queue_scheduled ON message_queue (scheduled_at) WHERE NOT is_due;
CREATE INDEX message_queue_expires ON message_queue (expires_at) WHERE expires_at IS NOT NULL;

-- What became of a message. Partitions by day of the decision: retention drops a table, never deletes rows.
CREATE TABLE message_history (
    id              bigint NOT NULL,
    instance_id     uuid NOT NULL,
    zaap_id         uuid NOT NULL,
    message_id      text NOT NULL,
    kind            text NOT NULL,
    chat            text NOT NULL,
    payload         jsonb NOT NULL,
    status          text NOT NULL CHECK (status IN ('sent', 'delivered', 'read', 'played', 'canceled', 'expired')),
    attempts        smallint NOT NULL,
    max_attempts    smallint NOT NULL,
    accepted_at     timestamptz NOT NULL,
    scheduled_at    timestamptz,
    started_at      timestamptz,
    finished_at     timestamptz NOT NULL,
    delivered_at    timestamptz,
    read_at         timestamptz,
    played_at       timestamptz,
    epoch           bigint,
    node            text,
    whatsapp_id     text CHECK (whatsapp_id IS NOT NULL OR status IN ('canceled', 'expired')),
    error           text,
    error_class     text,
    metadata        jsonb NOT NULL
) PARTITION BY RANGE (finished_at);
CREATE INDEX message_history_zaap_id ON message_history (zaap_id);
CREATE INDEX message_history_whatsapp_id ON message_history (whatsapp_id) WHERE whatsapp_id IS NOT NULL;

-- What gave up and why; replayed by moving the row back to the tail of message_queue.
CREATE TABLE message_dead_letter (
    id              bigint PRIMARY KEY,
    instance_id     uuid NOT NULL,
    shard           integer NOT NULL,
    zaap_id         uuid NOT NULL UNIQUE,
    message_id      text NOT NULL,
    kind            text NOT NULL,
    chat            text NOT NULL,
    payload         jsonb NOT NULL,
    attempts        smallint NOT NULL,
    max_attempts    smallint NOT NULL,
    delay_message   smallint,
    delay_typing    smallint NOT NULL,
    accepted_at     timestamptz NOT NULL,
    scheduled_at    timestamptz,
    started_at      timestamptz,
    finished_at     timestamptz NOT NULL,
    epoch           bigint,
    node            text,
    whatsapp_id     text,
    error           text NOT NULL,
    error_class     text NOT NULL,
    metadata        jsonb NOT NULL
);
CREATE INDEX message_dead_letter_instance ON message_dead_letter (instance_id, id);
CREATE INDEX message_dead_letter_finished ON message_dead_letter (finished_at);

-- Every attempt, with the node and epoch that made it.
CREATE TABLE message_attempt (
    message_id  bigint NOT NULL,
    attempt     smallint NOT NULL,
    epoch       bigint NOT NULL,
    node        text NOT NULL,
    started_at  timestamptz NOT NULL,
    ended_at    timestamptz NOT NULL,
    outcome     text NOT NULL CHECK (outcome IN ('sent', 'retry', 'not-connected', 'failed', 'uncertain')),
    error       text
) PARTITION BY RANGE (ended_at);
CREATE INDEX message_attempt_message ON message_attempt (message_id);

-- Days are made ahead of time; the default partition only catches what a long-stopped installation still cancels.
CREATE TABLE message_history_default PARTITION OF message_history DEFAULT;
CREATE TABLE message_attempt_default PARTITION OF message_attempt DEFAULT;
CREATE FUNCTION ensure_day_partitions(first date, last date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    day date;
    parent text;
BEGIN
    -- Two makers of one partition would deadlock with writers or fail on the name.
    PERFORM pg_advisory_xact_lock(hashtext('ensure_day_partitions'));
    FOR day IN SELECT generate_series(first, last, interval '1 day')::date LOOP
        FOREACH parent IN ARRAY ARRAY['message_history', 'message_attempt'] LOOP
            IF to_regclass(parent || '_' || to_char(day, 'YYYYMMDD')) IS NULL THEN
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                    parent || '_' || to_char(day, 'YYYYMMDD'), parent,
                    day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
            END IF;
        END LOOP;
    END LOOP;
END $$;

-- The earliest moment of an instance's next send: the pause outlives the process that chose it.
CREATE TABLE instance_pace (
    instance_id uuid PRIMARY KEY,
    send_after  timestamptz NOT NULL
) WITH (fillfactor = 50);

-- Idempotency-Key: the answer that a key got, and the fingerprint of the body it came with.
CREATE TABLE idempotency (
    instance_id uuid NOT NULL,
    key         text NOT NULL,
    fingerprint bytea NOT NULL,
    zaap_id     uuid NOT NULL,
    message_id  text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instance_id, key)
);
CREATE INDEX idempotency_created ON idempotency (created_at);
