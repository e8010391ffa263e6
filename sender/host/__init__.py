"""Session hosts: child processes that hold WhatsApp sessions, because the library can abort the process it lives in.

The node's side is `fleet` and `process`; the child's side is everything else, started by `python -m sender.host`.
"""
