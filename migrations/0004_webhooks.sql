-- before: events of instances for their webhooks; older programs write none.

-- The last number of each instance's events. Its row lock is held until the commit, so an instance's numbers have no
-- gaps, and none is seen before its predecessor.
CREATE TABLE event_sequence (
    instance_id uuid PRIMARY KEY,
    last        bigint NOT NULL CHECK (last >= 0)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.1);

-- The address that takes an event of this slot, null where none is set. The frontend's received-and-delivery address
-- wins over the received one.
CREATE FUNCTION webhook_url(owner instance, slot text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE slot
        WHEN 'delivery' THEN owner.delivery_callback_url
        WHEN 'received' THEN coalesce(owner.received_and_delivery_callback_url, owner.received_callback_url)
        WHEN 'message-status' THEN owner.message_status_callback_url
        WHEN 'presence' THEN owner.presence_chat_callback_url
        WHEN 'connected' THEN owner.connected_callback_url
        WHEN 'disconnected' THEN owner.disconnected_callback_url END
$$;

-- Every event, its body as it is sent and signed. Partitions by day of creation: retention drops a table.
CREATE TABLE event (
    instance_id uuid NOT NULL,
    seq         bigint NOT NULL CHECK (seq > 0),
    slot        text NOT NULL CHECK (slot IN (
        'delivery', 'received', 'message-status', 'presence', 'connected', 'disconnected')),
    type        text NOT NULL,
    body        bytea NOT NULL,
    created_at  timestamptz NOT NULL
) PARTITION BY RANGE (created_at);
CREATE INDEX event_instance ON event (instance_id, seq);

-- The hot set: what its webhook has not taken yet. `created_at` finds the partition of the body.
CREATE TABLE event_outbox (
    instance_id     uuid NOT NULL,
    slot            text NOT NULL,
    seq             bigint NOT NULL,
    created_at      timestamptz NOT NULL,
    status          text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'waiting')),
    attempts        smallint NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_attempt_at timestamptz CHECK (next_attempt_at IS NULL OR attempts > 0),
    -- a body whose links do not lead anywhere yet waits for its media, at most until then
    media_id        uuid,
    media_until     timestamptz CHECK ((status = 'waiting') = (media_until IS NOT NULL)),
    replayed        boolean NOT NULL DEFAULT false,
    PRIMARY KEY (instance_id, slot, seq)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
        autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX event_outbox_media ON event_outbox (media_id) WHERE media_id IS NOT NULL;

CREATE TABLE event_dead_letter (
    instance_id uuid NOT NULL,
    seq         bigint NOT NULL,
    slot        text NOT NULL,
    type        text NOT NULL,
    body        bytea NOT NULL,
    created_at  timestamptz NOT NULL,
    attempts    smallint NOT NULL,
    failed_at   timestamptz NOT NULL,
    url         text,
    status_code smallint,
    error_class text NOT NULL,
    error       text NOT NULL,
    PRIMARY KEY (instance_id, seq)
);
CREATE INDEX event_dead_letter_failed ON event_dead_letter (failed_at);

-- Every attempt to deliver. `status_code` is the receiver's answer, where there was one.
CREATE TABLE event_attempt (
    instance_id uuid NOT NULL,
    seq         bigint NOT NULL,
    attempt     smallint NOT NULL,
    node        text NOT NULL,
    url         text NOT NULL,
    ended_at    timestamptz NOT NULL,
    took_ms     integer NOT NULL CHECK (took_ms >= 0),
    outcome     text NOT NULL CHECK (outcome IN ('delivered', 'retry', 'dead')),
    status_code smallint,
    error       text CHECK (outcome = 'delivered' OR error IS NOT NULL)
) PARTITION BY RANGE (ended_at);
CREATE INDEX event_attempt_event ON event_attempt (instance_id, seq);

-- What the engine told, as it told it: committed before the engine goes on, gone when it is translated. A row with an
-- error could not be translated; it is kept for a release that can.
CREATE TABLE event_inbox (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id uuid NOT NULL,
    shard       integer NOT NULL,
    code        smallint NOT NULL,
    body        bytea NOT NULL,
    told_at     timestamptz NOT NULL,
    error       text
);
CREATE INDEX event_inbox_waiting ON event_inbox (shard, id) WHERE error IS NULL;

-- Secrets that sign an instance's callbacks: 1 is the current one, 2 the one before, valid until it is dropped.
CREATE TABLE webhook_secret (
    instance_id uuid NOT NULL,
    place       smallint NOT NULL CHECK (place IN (1, 2)),
    secret      bytea NOT NULL CHECK (length(secret) BETWEEN 24 AND 64),
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instance_id, place)
);

CREATE TABLE event_default PARTITION OF event DEFAULT;
CREATE TABLE event_attempt_default PARTITION OF event_attempt DEFAULT;
CREATE FUNCTION ensure_event_days(first date, last date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    day date;
    parent text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_event_days'));
    FOR day IN SELECT generate_series(first, last, interval '1 day')::date LOOP
        FOREACH parent IN ARRAY ARRAY['event', 'event_attempt'] LOOP
            IF to_regclass(parent || '_' || to_char(day, 'YYYYMMDD')) IS NULL THEN
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                    parent || '_' || to_char(day, 'YYYYMMDD'), parent,
                    day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
            END IF;
        END LOOP;
    END LOOP;
END $$;
-- From the first moment on: a day whose rows are in the default partition already cannot get one of its own.
SELECT ensure_event_days((now() AT TIME ZONE 'UTC')::date, (now() AT TIME ZONE 'UTC')::date + 14);
