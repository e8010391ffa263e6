-- before: a column and a table; older senders neither read nor write them.

-- When the account that is linked now was last asked what it shows. Null: never yet, so that nothing is news.
ALTER TABLE instance
    ADD COLUMN profile_read_at timestamptz;

-- The pictures of others, as an instance may see them: links to WhatsApp's own servers, for callbacks. `phone` is the
-- person or group as the API spells it; no link: there is none, or it is not shown to this account.
CREATE TABLE profile_picture (
    instance_id uuid NOT NULL,
    phone       text NOT NULL,
    link        text,
    -- when the link ends, where it says so
    expires_at  timestamptz,
    asked_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instance_id, phone)
);
CREATE INDEX profile_picture_asked ON profile_picture (asked_at);
