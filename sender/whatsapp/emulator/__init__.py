"""A WhatsApp server of our own on this machine: real clients pair with it and send through it, no phone needed.

Start with `server.py`, where all parts meet. Nothing in here imports a WhatsApp library.
"""
