"""Who exists: accounts by phone number and by hidden id, their devices, and where both are kept."""

import os
from collections.abc import Sequence
from dataclasses import asdict

import orjson

from sender.whatsapp.emulator.accounts import Account, Device, Profile, SignedPrekey
from sender.whatsapp.emulator.storage.database import Database
from sender.whatsapp.wire.curve import KeyPair
from sender.whatsapp.wire.jid import LID_SERVER, PHONE_SERVER, Jid

FIRST_LID = 100_000_000_000_001

INSERT_ACCOUNT = """
    INSERT INTO account (phone, lid, name, script, identity, raw_id, next_device, profile)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (phone) DO UPDATE
    SET name = excluded.name, script = excluded.script, next_device = excluded.next_device, profile = excluded.profile
"""
SELECT_ACCOUNTS = "SELECT phone, lid, name, script, identity, raw_id, next_device, profile FROM account"
INSERT_ALIAS = "INSERT OR REPLACE INTO alias (phone, account) VALUES (?, ?)"
SELECT_ALIASES = "SELECT phone, account FROM alias"
INSERT_DEVICE = """
    INSERT OR REPLACE INTO device (
        phone, number, noise_public, identity_public, registration_id,
        signed_prekey_id, signed_prekey_public, signed_prekey_signature, proof
    )
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
SELECT_DEVICES = """
    SELECT phone, number, noise_public, identity_public, registration_id,
        signed_prekey_id, signed_prekey_public, signed_prekey_signature, proof
    FROM device
"""
DELETE_DEVICE = "DELETE FROM device WHERE phone = ? AND number = ?"


class Directory:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_phone: dict[str, Account] = {}
        self._by_lid: dict[str, Account] = {}
        self._aliases: dict[str, Account] = {}
        self._load()

    @property
    def accounts(self) -> Sequence[Account]:
        return list(self._by_phone.values())

    def by_phone(self, phone: str) -> Account | None:
        """The account of a number; also of an alias, a number under which WhatsApp knows it as well."""
        return self._by_phone.get(phone) or self._aliases.get(phone)

    def by_lid(self, lid: str) -> Account | None:
        return self._by_lid.get(lid)

    def by_jid(self, jid: Jid) -> Account | None:
        if jid.server == LID_SERVER:
            return self._by_lid.get(jid.user)
        return self._by_phone.get(jid.user) if jid.server == PHONE_SERVER else None

    def device(self, jid: Jid) -> Device | None:
        account = self.by_jid(jid)
        return account.devices.get(jid.device) if account else None

    def add(self, phone: str, name: str) -> Account:
        """A new account; the number must be free."""
        if self.by_phone(phone):
            raise ValueError(f"{phone} has an account")
        lid = str(FIRST_LID + len(self._by_phone))
        account = Account(phone, lid, name, KeyPair(), int.from_bytes(os.urandom(3), "big"))
        self._enter(account)
        self.save(account)
        return account

    def add_alias(self, phone: str, account: Account) -> None:
        self._aliases[phone] = account
        self._database.write(INSERT_ALIAS, (phone, account.phone))

    def save(self, account: Account) -> None:
        profile = orjson.dumps(asdict(account.profile))
        row = (account.phone, account.lid, account.name, account.script, account.identity.private)
        self._database.write(INSERT_ACCOUNT, (*row, account.raw_id, account.next_device, profile))

    def add_device(self, device: Device) -> None:
        device.account.devices[device.number] = device
        self.save_device(device)

    def save_device(self, device: Device) -> None:
        row = (device.account.phone, device.number, device.noise_public, device.identity_public)
        self._database.write(INSERT_DEVICE, (*row, device.registration_id, *device.signed_prekey, device.proof))

    def remove_device(self, device: Device) -> None:
        device.account.devices.pop(device.number, None)
        self._database.write(DELETE_DEVICE, (device.account.phone, device.number))

    def _enter(self, account: Account) -> None:
        self._by_phone[account.phone] = self._by_lid[account.lid] = account

    def _load(self) -> None:
        for phone, lid, name, script, identity, raw_id, next_device, profile in self._database.read(SELECT_ACCOUNTS):
            account = Account(phone, lid, name, KeyPair(identity), raw_id)
            account.script, account.next_device = script, next_device
            account.profile = Profile(**orjson.loads(profile))
            self._enter(account)
        for phone, owner in self._database.read(SELECT_ALIASES):
            self._aliases[phone] = self._by_phone[owner]
        for phone, number, noise, identity, registration_id, *signed_prekey, proof in self._database.read(
            SELECT_DEVICES
        ):
            account = self._by_phone[phone]
            prekey = SignedPrekey(*signed_prekey)
            account.devices[number] = Device(account, number, identity, registration_id, prekey, noise, proof)
