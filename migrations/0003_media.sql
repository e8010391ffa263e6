-- Before the roll-out. Files that messages carry: each row is one file of one instance.

CREATE TABLE media (
    id          uuid PRIMARY KEY,
    instance_id uuid NOT NULL,
    -- sent: a file of a request; received: a file of an event
    origin      text NOT NULL CHECK (origin IN ('sent', 'received')),
    -- arriving: on its way into its place, and swept if it never gets there
    place       text NOT NULL CHECK (place IN ('arriving', 'disk', 'bucket')),
    disk        uuid,
    sha256      bytea NOT NULL CHECK (octet_length(sha256) = 32),
    mime        text NOT NULL,
    size        bigint NOT NULL CHECK (size >= 0),
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    CHECK ((place = 'disk') = (disk IS NOT NULL))
);
-- The same content again is the same row.
CREATE UNIQUE INDEX media_content ON media (instance_id, sha256) WHERE place <> 'arriving';
CREATE INDEX media_expires ON media (expires_at);
-- What waits on a disk to be moved into the bucket.
CREATE INDEX media_disk ON media (disk, created_at) WHERE place = 'disk';
