"""Linking a phone of one's own: the codes of the moment drawn in the terminal until the phone has scanned one."""

import sys
import time
from collections.abc import Callable

import segno

from common.local.gateway import Gateway, Instance

LOOK = 1.0  # seconds between two looks; a code lives for twenty or more
CODES = 6  # what WhatsApp gives for one try; whoever was away asks again


def link(gateway: Gateway, instance: Instance, say: Callable[[str], None]) -> bool:
    """Whether the instance is linked in the end. False: all the codes of one try went by unused."""
    shown: list[str] = []
    while not gateway.is_connected(instance):
        code = gateway.qr_code(instance)
        if code and code not in shown:
            if len(shown) == CODES:
                say("no code was used; run it again when the phone is at hand.")
                return False
            shown.append(code)
            segno.make_qr(code).terminal(out=sys.stdout, compact=True)
            say("scan it: WhatsApp on your phone, Linked devices, Link a device.")
        time.sleep(LOOK)
    say("linked.")
    return True
