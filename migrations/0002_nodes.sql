-- before: one node could own everything; now many share the shards. Columns with defaults only: old code keeps working.

-- `handed_to` names the node that a shard was released for; `renewed_at` is the age of its lease.
ALTER TABLE shard
    ADD COLUMN handed_to  text,
    ADD COLUMN claimed_at timestamptz,
    ADD COLUMN renewed_at timestamptz;

-- `id` is one process, `name` what it is called also after a restart. A heartbeat updates `seen_at` with the leases.
ALTER TABLE node
    ADD COLUMN name        text NOT NULL DEFAULT '',
    ADD COLUMN is_draining boolean NOT NULL DEFAULT false;

-- What becomes of a message whose outcome stays unknown after the grace time.
ALTER TABLE instance
    ADD COLUMN uncertain_policy text NOT NULL DEFAULT 'hold'
        CHECK (uncertain_policy IN ('hold', 'resend', 'assume-sent'));

ALTER TABLE message_queue
    ADD COLUMN uncertain_since timestamptz;
-- Not on `status`, which no index may hold: queued -> sending -> gone stays a heap-only update.
CREATE INDEX message_queue_uncertain ON message_queue (shard) WHERE uncertain_since IS NOT NULL;
