"""Messages to many: groups, and the status list."""

from sender.whatsapp.emulator.accounts import Device
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.group import Group, Groups
from sender.whatsapp.emulator.messages import Delivery, Plan, delivered
from sender.whatsapp.emulator.participants import device_jids, participant_hash
from sender.whatsapp.wire.jid import GROUP_SERVER, LID_SERVER, PHONE_SERVER, Jid
from sender.whatsapp.wire.node import Node


class FanOut:
    """A group message has one ciphertext for all, and beside it, for each device, the key to read it."""

    def __init__(self, directory: Directory, groups: Groups) -> None:
        self._directory, self._groups = directory, groups

    def plan(self, sender: Device, message: Node) -> Plan:
        to = message.jid("to")
        if to.server != GROUP_SERVER:
            return self._status(sender, message, to)
        group = self._groups.find(to)
        if group is None:
            return Plan(error=404)
        if sender.account not in group.members:
            return Plan(error=403)
        if "announcement" in group.flags and not group.is_admin(sender.account):
            return Plan(error=403)
        return self._group(sender, message, group)

    def _group(self, sender: Device, message: Node, group: Group) -> Plan:
        is_lid = group.addressing == LID_SERVER
        addresses: dict[str, str | Jid | None] = {
            "from": group.jid,
            "participant": sender.jid(group.addressing),
            "addressing_mode": "lid" if is_lid else "pn",
            # The other form as well: sender keys are stored under the hidden id whatever the group's addressing.
            "participant_pn" if is_lid else "participant_lid": sender.account.jid(
                PHONE_SERVER if is_lid else LID_SERVER
            ),
        }
        for_all = message.all("enc")
        participants = message.find("participants")
        asked_again = message.find_jid("participant")
        if participants is None or asked_again:
            device = self._directory.device(asked_again) if asked_again else None
            return Plan([Delivery(device, delivered(sender, message, for_all, addresses))] if device else [])
        for_each = {part.jid("jid"): part.all("enc") for part in participants.children}
        plan, everyone = Plan(), []
        for account in group.members:
            for jid in device_jids(account, group.addressing):
                everyone.append(jid)
                device = account.devices[jid.device]
                if device is not sender:
                    encs = for_each.get(jid, []) + for_all
                    plan.deliveries.append(Delivery(device, delivered(sender, message, encs, addresses)))
        known = participant_hash(everyone)
        plan.participant_hash = known if message.get("phash") != known else None
        return plan

    def _status(self, sender: Device, message: Node, to: Jid) -> Plan:
        addresses: dict[str, str | Jid | None] = {
            "from": to,
            "participant": sender.lid_jid,
            "participant_pn": sender.account.phone_jid,
            "addressing_mode": "lid",
        }
        plan = Plan()
        participants = message.find("participants")
        for part in participants.children if participants else ():
            device = self._directory.device(part.jid("jid"))
            if device and device is not sender:
                encs = part.all("enc") + message.all("enc")
                plan.deliveries.append(Delivery(device, delivered(sender, message, encs, addresses)))
        return plan
