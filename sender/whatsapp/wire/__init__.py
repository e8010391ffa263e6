"""WhatsApp's wire, written once for both ends: framing, Noise, binary XML, keys, certificates and protobuf fields."""
