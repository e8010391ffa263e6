"""The bytes that announce what follows in binary XML, shared by encoder and decoder."""

from sender.whatsapp.wire.jid import HOSTED_LID_SERVER, HOSTED_SERVER, LID_SERVER, PHONE_SERVER

LIST_EMPTY = 0
JID_INTEROP, JID_MESSENGER, JID_DEVICE = 245, 246, 247
LIST_8, LIST_16 = 248, 249
JID_PAIR = 250
HEX_8 = 251
BINARY_8, BINARY_20, BINARY_32 = 252, 253, 254
NIBBLE_8 = 255

FLAG_COMPRESSED = 2
"""In the first byte of a frame: the rest is compressed with zlib."""

PACKED_MAX = 127
"""Characters that a packed string may have: its length byte counts half of them in seven bits."""

ODD = 0x80
"""In the length byte of a packed string: the last half-byte is padding."""

DOMAINS = {PHONE_SERVER: 0, LID_SERVER: 1, HOSTED_SERVER: 128, HOSTED_LID_SERVER: 129}
"""Servers whose device addresses have a short form."""
