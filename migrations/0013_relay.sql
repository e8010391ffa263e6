-- before: two nullable columns. An older sender opens every session directly, whatever stands in them.

-- How the instance's session reaches WhatsApp; NULL is what WHATSAPP_WIRE and WHATSAPP_PROXY say. The proxy's URL may
-- hold a password, so it is encrypted with TOKEN_ENCRYPTION_KEY.
ALTER TABLE instance
    ADD COLUMN wire text CHECK (wire IN ('direct', 'relay')),
    ADD COLUMN proxy_cipher bytea;
