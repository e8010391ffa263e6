-- before: tables and a column that older programs do not notice.

-- What the panel's charts show: one row a minute, kept for a day. Counters only rise; whoever reads two of them knows
-- what went through between.
CREATE TABLE load_sample (
    at          timestamptz PRIMARY KEY DEFAULT now(),
    accepted    bigint NOT NULL,
    finished    bigint NOT NULL,
    callbacks   bigint NOT NULL,
    messages    integer NOT NULL,
    message_age interval,
    events      integer NOT NULL,
    event_age   interval,
    sessions    integer NOT NULL
);

-- Sessions of the panel that were ended before their time: their cookie is good for nothing any more.
CREATE TABLE panel_logout (
    session    text PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

-- When an instance's last message was handed to WhatsApp, and when its last one came in.
ALTER TABLE instance_pace
    ADD COLUMN sent_at timestamptz;
CREATE TABLE instance_reception (
    instance_id uuid PRIMARY KEY,
    received_at timestamptz NOT NULL
) WITH (fillfactor = 50);
