-- before: tables that new senders fill and new frontends ask about; older programs do not notice them.

-- What the gateway knows of the chats of its instances, since the library lists none. One row a chat, changed in place:
-- no column that changes with each message is indexed, so that such a change stays on its page.
CREATE TABLE chat (
    instance_id      uuid NOT NULL,
    -- The number's address where the number is known, else the address as it was told.
    chat             text NOT NULL,
    lid              text,
    name             text,
    push_name        text,
    last_message_at  timestamptz,
    unread           integer NOT NULL DEFAULT 0 CHECK (unread >= 0),
    -- Since when `unread` is counted: the last time that the chat was read, or that the phone told its own count.
    read_at          timestamptz,
    is_archived      boolean,
    is_pinned        boolean,
    -- In milliseconds: 0 is not muted, -1 for ever.
    muted_until      bigint,
    last_received_id text,
    last_received_by text,
    PRIMARY KEY (instance_id, chat)
) WITH (fillfactor = 80);

CREATE TABLE chat_note (
    instance_id uuid NOT NULL,
    chat        text NOT NULL,
    id          uuid NOT NULL,
    content     text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    changed_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instance_id, chat)
);

-- Tags that were made through the gateway; those that were made on the phone are not told.
CREATE TABLE tag (
    instance_id uuid NOT NULL,
    id          integer NOT NULL CHECK (id > 0),
    name        text NOT NULL,
    color       smallint NOT NULL CHECK (color >= 0),
    PRIMARY KEY (instance_id, id)
);
