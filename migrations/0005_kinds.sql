-- before: an index that new code reads by and old code does not notice.

-- Replies, edits and deletions name a message by the id that the API told. Where the engine uses the ids that it is
-- given this index holds nothing.
CREATE INDEX message_history_message_id ON message_history (message_id) WHERE message_id <> whatsapp_id;
