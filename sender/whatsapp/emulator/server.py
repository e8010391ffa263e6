"""The emulator as a whole: every service, made once and tied together."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sender.whatsapp.emulator.account_settings import AccountSettings
from sender.whatsapp.emulator.businesses import Businesses
from sender.whatsapp.emulator.calls import Calls
from sender.whatsapp.emulator.catalogs import Catalogs
from sender.whatsapp.emulator.clients import Clients
from sender.whatsapp.emulator.code_pairing import TAG, CodePairing
from sender.whatsapp.emulator.device_lists import DeviceLists
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.fan_out import FanOut
from sender.whatsapp.emulator.faults import Faults
from sender.whatsapp.emulator.group import Groups
from sender.whatsapp.emulator.group_changes import GroupChanges
from sender.whatsapp.emulator.group_questions import GroupQuestions
from sender.whatsapp.emulator.handset.handsets import Handsets
from sender.whatsapp.emulator.inbox import Inbox
from sender.whatsapp.emulator.join_requests import JoinRequests
from sender.whatsapp.emulator.login import Login
from sender.whatsapp.emulator.mailbox import Mailbox
from sender.whatsapp.emulator.media import Media
from sender.whatsapp.emulator.messages import Messages
from sender.whatsapp.emulator.moments import Moments
from sender.whatsapp.emulator.newsletters import Newsletters
from sender.whatsapp.emulator.pairing import Pairing
from sender.whatsapp.emulator.patches import Patches
from sender.whatsapp.emulator.pictures import Pictures
from sender.whatsapp.emulator.prekeys import Prekeys
from sender.whatsapp.emulator.presence import Presence
from sender.whatsapp.emulator.privacy_lists import PrivacyLists
from sender.whatsapp.emulator.questions import Answer, Key, Questions
from sender.whatsapp.emulator.receipts import Receipts
from sender.whatsapp.emulator.reports import Reports
from sender.whatsapp.emulator.stanzas import StanzaIds
from sender.whatsapp.emulator.storage.database import Database
from sender.whatsapp.emulator.usync import Usync
from sender.whatsapp.emulator.wire_log import WireLog

DATABASE = "emulator.sqlite"
MEDIA = "media"


@dataclass(frozen=True, slots=True)
class Server:
    """What the control API and the network need of it."""

    database: Database
    moments: Moments
    faults: Faults
    directory: Directory
    groups: Groups
    group_changes: GroupChanges
    join_requests: JoinRequests
    newsletters: Newsletters
    media: Media
    pictures: Pictures
    mailbox: Mailbox
    messages: Messages
    inbox: Inbox
    handsets: Handsets
    device_lists: DeviceLists
    pairing: Pairing
    code_pairing: CodePairing
    presence: Presence
    calls: Calls
    questions: Questions
    clients: Clients


def build(folder: Path, wire_log: Path | None = None) -> Server:
    """A server on the data of a folder. Raises DataInUse when another one has it."""
    database = Database(folder / DATABASE)
    moments, faults, ids = Moments(), Faults(), StanzaIds()
    directory = Directory(database)
    groups = Groups(database, directory)
    newsletters = Newsletters(database, directory)
    mailbox = Mailbox(database, directory, faults)
    prekeys = Prekeys(database, directory, ids)
    messages = Messages(directory, mailbox, faults, moments, FanOut(directory, groups).plan)
    receipts = Receipts(directory, groups, mailbox, moments)
    inbox = Inbox(database, moments)
    patches = Patches(
        database, mailbox, ids, lambda account, name, patch: handsets.app_state_changed(account, name, patch)
    )
    handsets = Handsets(database, directory, groups, prekeys, messages, receipts, inbox, moments, patches)
    device_lists = DeviceLists(directory, mailbox, prekeys, ids, moments)
    pairing = Pairing(directory, device_lists, ids, moments)
    code_pairing = CodePairing(pairing, ids, moments.changed)
    presence = Presence(directory, groups, mailbox)
    calls = Calls(directory, mailbox, ids, moments)
    group_changes = GroupChanges(groups, mailbox, ids, moments)
    join_requests = JoinRequests(directory, groups, group_changes)
    media = Media(folder / MEDIA, directory, faults)
    pictures = Pictures(directory, groups, mailbox, media, ids)
    login = Login(
        directory, mailbox, faults, moments, register=pairing.offer, arrived=(handsets.companion_arrived,),
        left=(presence.left,),
    )  # fmt: skip
    answers: Mapping[Key, Answer] = {
        ("passive", "active"): login.activate,
        ("passive", "passive"): login.passivate,
        ("md", "remove-companion-device"): device_lists.remove,
        **prekeys.answers(),
        **Usync(directory).answers(),
        **patches.answers(),
        **GroupQuestions(directory, groups, group_changes, join_requests).answers(),
        **media.answers(),
        **pictures.answers(),
        **AccountSettings(directory, mailbox, ids, newsletters).answers(),
        **PrivacyLists(directory).answers(),
        **Reports(directory).answers(),
        **Businesses(directory).answers(),
        **Catalogs(directory).answers(),
    }
    questions = Questions(faults, answers, {("md", TAG): code_pairing.answer})
    handlers = {
        "message": messages.accept,
        "receipt": receipts.accept,
        "ack": receipts.acknowledged,
        "presence": presence.accept,
        "chatstate": presence.chat_state,
        "call": calls.accept,
    }
    clients = Clients(login, questions, pairing, code_pairing.forget, handlers, moments, WireLog(wire_log))
    return Server(
        database, moments, faults, directory, groups, group_changes, join_requests, newsletters, media, pictures,
        mailbox, messages, inbox,
        handsets, device_lists, pairing, code_pairing, presence, calls, questions, clients,
    )  # fmt: skip
