"""Reports: who was reported, and by whom."""

from collections.abc import Mapping

from sender.whatsapp.emulator.accounts import Device
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.questions import Answer, Key
from sender.whatsapp.emulator.stanzas import Reply, not_found
from sender.whatsapp.wire.errors import MalformedFrame
from sender.whatsapp.wire.node import Node

FLOWS = ("1_1_spam_banner_report", "account_info_report", "group_spam_banner_report")
MOST_MESSAGES = 210


class Reports:
    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def answers(self) -> Mapping[Key, Answer]:
        return {("spam", "spam_list"): self.report}

    def report(self, device: Device, question: Node) -> Reply:
        listed = question.child("spam_list")
        if question.get("type") != "set" or listed.get("spam_flow") not in FLOWS:
            raise MalformedFrame("a report says where it comes from")
        if len(listed.all("message")) > MOST_MESSAGES:
            raise MalformedFrame("too many messages in a report")
        reported = self._directory.by_jid(listed.jid("jid"))
        if reported is None:
            raise not_found()
        reported.profile.reporters.append(device.account.phone)
        self._directory.save(reported)
        return Reply([Node("report_id", {}, f"{reported.lid}-{len(reported.profile.reporters)}")])
