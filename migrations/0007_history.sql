-- before: a table and a column that new code writes and old code does not notice.

-- Which events tell of a message, for its story: a receipt may tell of many at once. Partitions as those of `event`.
CREATE TABLE event_message (
    instance_id uuid NOT NULL,
    message_id  text NOT NULL,
    seq         bigint NOT NULL,
    created_at  timestamptz NOT NULL
) PARTITION BY RANGE (created_at);
CREATE INDEX event_message_id ON event_message (message_id);
CREATE TABLE event_message_default PARTITION OF event_message DEFAULT;

CREATE OR REPLACE FUNCTION ensure_event_days(first date, last date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    day date;
    parent text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_event_days'));
    FOR day IN SELECT generate_series(first, last, interval '1 day')::date LOOP
        FOREACH parent IN ARRAY ARRAY['event', 'event_attempt', 'event_message'] LOOP
            IF to_regclass(parent || '_' || to_char(day, 'YYYYMMDD')) IS NULL THEN
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                    parent || '_' || to_char(day, 'YYYYMMDD'), parent,
                    day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
            END IF;
        END LOOP;
    END LOOP;
END $$;
SELECT ensure_event_days((now() AT TIME ZONE 'UTC')::date, (now() AT TIME ZONE 'UTC')::date + 14);

-- While it is set nothing of the instance's queue is begun.
ALTER TABLE instance
    ADD COLUMN queue_paused_at timestamptz;
