"""All handsets: one for each account, made with it, and found again when the emulator starts."""

import os

from common import addresses, logs
from sender.whatsapp.emulator.accounts import HANDSET, Account, Device, SignedPrekey
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.group import Groups
from sender.whatsapp.emulator.handset.app_state import PatchRefused
from sender.whatsapp.emulator.handset.companions import Companions
from sender.whatsapp.emulator.handset.handset import Handset
from sender.whatsapp.emulator.handset.outgoing import Outgoing
from sender.whatsapp.emulator.handset.scripts import script_of
from sender.whatsapp.emulator.handset.sightings import Sightings
from sender.whatsapp.emulator.inbox import Inbox
from sender.whatsapp.emulator.messages import Messages
from sender.whatsapp.emulator.moments import Moments
from sender.whatsapp.emulator.patches import Patches
from sender.whatsapp.emulator.prekeys import KEY_TYPE, Prekeys
from sender.whatsapp.emulator.receipts import Receipts
from sender.whatsapp.emulator.signal.keystore import SIGNED_PREKEY_ID, Keystore
from sender.whatsapp.emulator.storage.database import Database
from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.errors import WireError
from sender.whatsapp.wire.signal.cipher import SignalError

INSERT_HANDSET = "INSERT INTO handset (phone, registration_id, signed_prekey, app_state) VALUES (?, ?, ?, ?)"
SELECT_HANDSETS = "SELECT phone, registration_id, signed_prekey, app_state FROM handset"

log = logs.get(__name__)


class Handsets:
    def __init__(
        self,
        database: Database,
        directory: Directory,
        groups: Groups,
        prekeys: Prekeys,
        messages: Messages,
        receipts: Receipts,
        inbox: Inbox,
        moments: Moments,
        patches: Patches,
    ) -> None:
        self._database, self._directory, self._groups = database, directory, groups
        self._prekeys, self._messages, self._receipts = prekeys, messages, receipts
        self._inbox, self._moments, self._patches = inbox, moments, patches
        self._by_phone: dict[str, Handset] = {}
        for phone, registration_id, signed_prekey, app_state in database.read(SELECT_HANDSETS):
            account = directory.by_phone(phone)
            if account and account.handset:
                self._switch_on(account.handset, registration_id, KeyPair(signed_prekey), app_state)

    def of(self, account: Account) -> Handset:
        return self._by_phone[account.phone]

    def add(self, account: Account) -> Handset:
        """A phone for a new account."""
        signed_prekey = KeyPair()
        registration_id = int.from_bytes(os.urandom(2), "big") & 0x3FFF | 1
        signature = account.identity.sign(KEY_TYPE + signed_prekey.public)
        published = SignedPrekey(SIGNED_PREKEY_ID.to_bytes(3, "big"), signed_prekey.public, signature)
        device = Device(account, HANDSET, account.identity.public, registration_id, published)
        self._directory.add_device(device)
        self._database.write(INSERT_HANDSET, (account.phone, registration_id, signed_prekey.private, b""))
        return self._switch_on(device, registration_id, signed_prekey, b"")

    def companion_arrived(self, companion: Device) -> None:
        """A linked device became active."""
        self.of(companion.account).companions.arrived(companion)

    def app_state_changed(self, account: Account, name: str, patch: bytes) -> None:
        """A companion changed something that all devices of the account share."""
        handset = self.of(account)
        try:
            actions = handset.companions.changed(name, patch)
        except (PatchRefused, SignalError, WireError) as error:
            log.warning("app state patch not readable", phone=addresses.masked(account.phone), reason=str(error))
            return
        for action in actions:
            handset.sightings.add("app-state", account.phone, collection=name, index=list(action.index))
        self._directory.save(account)

    def _switch_on(self, device: Device, registration_id: int, signed_prekey: KeyPair, app_state: bytes) -> Handset:
        account = device.account
        keystore = Keystore(self._database, account.phone, account.identity, signed_prekey, registration_id)
        outgoing = Outgoing(device, keystore, self._directory, self._prekeys, self._messages)
        handset = Handset(
            device,
            keystore,
            outgoing,
            Companions(account, outgoing, self._patches, self._database, app_state),
            self._directory,
            self._groups,
            self._receipts,
            self._inbox,
            Sightings(self._moments),
            script_of,
        )
        device.receiver = handset
        self._by_phone[account.phone] = handset
        return handset
