-- before: what WhatsApp said of numbers that callers asked about; older programs ask anew.

-- Whether a number has an account does not depend on who asks, so all instances share these. `phone` is the number as
-- WhatsApp spells it, null where there is no account.
CREATE TABLE number_lookup (
    number      text PRIMARY KEY,
    phone       text,
    lid         text,
    checked_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX number_lookup_checked ON number_lookup (checked_at);
