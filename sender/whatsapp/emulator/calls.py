"""Calls: only their signalling, which is passed on between the devices of two accounts."""

import os

from sender.whatsapp.emulator.accounts import Account, Device
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.mailbox import Mailbox
from sender.whatsapp.emulator.moments import Moments
from sender.whatsapp.emulator.stanzas import StanzaIds, now
from sender.whatsapp.wire.jid import LID_SERVER
from sender.whatsapp.wire.node import Attributes, Node

_SAMPLE_RATE = 16_000


class Calls:
    def __init__(self, directory: Directory, mailbox: Mailbox, ids: StanzaIds, moments: Moments) -> None:
        self._directory, self._mailbox = directory, mailbox
        self._ids, self._moments = ids, moments

    def accept(self, device: Device, call: Node) -> None:
        """From a device: an offer, an answer, a rejection, an end. Raises MalformedFrame."""
        to = call.jid("to")
        if device.link:
            ack: Attributes = {"class": "call", "id": call.get("id"), "from": to, "t": now(), "type": call.first.tag}
            device.link.send(Node("ack", ack))
        called = self._directory.by_jid(to)
        if called:
            self._ring(device, called, to.server, call.text("id"), call.first)

    def offer(self, device: Device, called: Account, *, is_video: bool) -> str:
        """Ring. Gives the call's id, by which it is ended."""
        call_id = os.urandom(16).hex().upper()
        media = [Node("audio", {"enc": "opus", "rate": _SAMPLE_RATE})]
        if is_video:
            media.append(Node("video", {"enc": "vp8"}))
        head: Attributes = {**_call(device, call_id), "caller_pn": device.account.phone_jid}
        self._ring(device, called, LID_SERVER, self._ids.next(), Node("offer", head, media))
        return call_id

    def end(self, device: Device, called: Account, call_id: str, reason: str) -> None:
        head: Attributes = {**_call(device, call_id), "reason": reason}
        self._ring(device, called, LID_SERVER, self._ids.next(), Node("terminate", head))

    def _ring(self, device: Device, called: Account, server: str, stanza_id: str, content: Node) -> None:
        """Whoever is not there misses the call."""
        head: Attributes = {"from": device.jid(server), "id": stanza_id, "t": now(), "notify": device.account.name}
        platform: Attributes = {"platform": "android", "version": "2.25.1"}
        for target in called.devices.values():
            self._mailbox.pass_on(target, Node("call", {**head, **platform}, [content]))
        self._moments.changed()


def _call(device: Device, call_id: str) -> Attributes:
    return {"call-id": call_id, "call-creator": device.account.lid_jid}
