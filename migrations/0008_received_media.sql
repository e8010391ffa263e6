-- before: files of received messages; older programs download none and say so in their callbacks.

-- One row for each file that a callback links to. The link names this row, because the content may be one that the
-- instance has already (media_id): that shows only when it is here.
CREATE TABLE received_media (
    id              uuid PRIMARY KEY,
    instance_id     uuid NOT NULL,
    shard           integer NOT NULL,
    -- the event whose callback waits for this file: the id of the first of its files; null where none waits
    event_id        uuid,
    kind            text NOT NULL CHECK (kind IN ('image', 'video', 'audio', 'document', 'sticker', 'thumbnail')),
    -- what WhatsApp says of the file, as its own message; of a thumbnail the picture itself. Gone when it is decided.
    content         bytea CHECK ((state = 'waiting') = (content IS NOT NULL)),
    -- bytes, as the message claims
    size            bigint NOT NULL CHECK (size >= 0),
    state           text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'stored', 'failed')),
    attempts        smallint NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    error           text CHECK (state <> 'failed' OR error IS NOT NULL),
    media_id        uuid CHECK ((state = 'stored') = (media_id IS NOT NULL)),
    created_at      timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX received_media_waiting ON received_media (shard, next_attempt_at) WHERE state = 'waiting';
CREATE INDEX received_media_event ON received_media (event_id) WHERE event_id IS NOT NULL AND state = 'waiting';
CREATE INDEX received_media_expires ON received_media (expires_at);
