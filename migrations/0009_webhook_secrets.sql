-- before: a column with a default. A sealed secret is one that an older sender would sign wrongly with, so all senders
-- should be of this release before customers verify signatures of instances that move between them.

-- Secrets are kept encrypted with TOKEN_ENCRYPTION_KEY; those of before are sealed when they are next read.
ALTER TABLE webhook_secret
    ADD COLUMN is_sealed boolean NOT NULL DEFAULT false;
