"""The control API: plain HTTP and JSON by which a test or a demo plays WhatsApp's other side."""
