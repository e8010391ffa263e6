"""The waE2E message types, loaded without neonize's package code."""

from sender.whatsapp.bare_package import load_bare

load_bare("neonize")

from neonize.proto.waE2E.WAWebProtobufsE2E_pb2 import (  # noqa: E402
    ContextInfo,
    ExtendedTextMessage,
    Message,
)

__all__ = ["ContextInfo", "ExtendedTextMessage", "Message"]
