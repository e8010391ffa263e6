-- before: columns with defaults and a table that old code does not notice.

-- The token before the last rotation, which opens the instance until that moment.
ALTER TABLE instance
    ADD COLUMN former_token_hash  bytea CHECK (length(former_token_hash) = 32),
    ADD COLUMN former_token_until timestamptz;

-- Who changed what over the API. Never a body: what was changed is in `action`, the route.
CREATE TABLE audit (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT now(),
    actor       text NOT NULL CHECK (actor IN ('client', 'partner', 'admin')),
    action      text NOT NULL,
    instance_id uuid,
    address     text,
    status      smallint NOT NULL
);
CREATE INDEX audit_at ON audit (at);
