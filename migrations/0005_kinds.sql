-- before: an index and a table that new code reads and old code does not notice.

-- Replies, edits and deletions name a message by the id that the API told. Where the engine uses the ids that it is
-- given this index holds nothing.
CREATE INDEX message_history_message_id ON message_history (message_id) WHERE message_id <> whatsapp_id;

-- What instances received, so that it can be quoted, forwarded, reacted to or taken back: by whom, and the content as it
-- came. Partitions by day: retention drops a table.
CREATE TABLE received_message (
    instance_id uuid NOT NULL,
    whatsapp_id text NOT NULL,
    chat        text NOT NULL,
    author      text NOT NULL,
    -- written on the phone or on another linked device of the account
    is_own      boolean NOT NULL,
    body        bytea NOT NULL,
    received_at timestamptz NOT NULL
) PARTITION BY RANGE (received_at);
CREATE INDEX received_message_whatsapp_id ON received_message (whatsapp_id);
CREATE TABLE received_message_default PARTITION OF received_message DEFAULT;

CREATE FUNCTION ensure_received_days(first date, last date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    day date;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('ensure_received_days'));
    FOR day IN SELECT generate_series(first, last, interval '1 day')::date LOOP
        IF to_regclass('received_message_' || to_char(day, 'YYYYMMDD')) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF received_message FOR VALUES FROM (%L) TO (%L)',
                'received_message_' || to_char(day, 'YYYYMMDD'),
                day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
        END IF;
    END LOOP;
END $$;

-- Which account WhatsApp said a number has (null: none), and when. Numbers are asked for once, never guessed.
CREATE TABLE number_account (
    phone       text PRIMARY KEY,
    address     text,
    checked_at  timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX number_account_checked ON number_account (checked_at);
