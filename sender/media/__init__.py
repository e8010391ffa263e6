"""Files of messages on their way to WhatsApp: fetched, converted in processes of their own, uploaded."""
