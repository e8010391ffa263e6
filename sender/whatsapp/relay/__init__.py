"""The wire relay: between the library and WhatsApp, so that stanzas can be read, held, changed and added."""
