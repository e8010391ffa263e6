-- before: a new table and a wider list of policies. Older nodes keep no arrivals and never settle by the new policy.

-- Messages that came in through the wire relay, from before the library sees them until they are an event. The record
-- (stanza and the keys that open it) is encrypted with TOKEN_ENCRYPTION_KEY and goes when the event is stored; the name
-- stays for a while, since WhatsApp may hand the same message over again.
CREATE TABLE arrival (
    id            bigint GENERATED ALWAYS AS IDENTITY,
    instance_id   uuid NOT NULL,
    chat          text NOT NULL,
    sender        text NOT NULL,
    whatsapp_id   text NOT NULL,
    records       bytea[] NOT NULL,
    arrived_at    timestamptz NOT NULL DEFAULT now(),
    told_at       timestamptz,
    PRIMARY KEY (instance_id, chat, sender, whatsapp_id),
    CHECK (told_at IS NULL OR records = '{}')
);

CREATE INDEX arrival_untold ON arrival (instance_id, id) WHERE told_at IS NULL;
CREATE INDEX arrival_age ON arrival (arrived_at);

ALTER TABLE instance DROP CONSTRAINT instance_uncertain_policy_check;
ALTER TABLE instance ADD CONSTRAINT instance_uncertain_policy_check
    CHECK (uncertain_policy IN ('hold', 'resend', 'assume-sent', 'resend-same-id'));
