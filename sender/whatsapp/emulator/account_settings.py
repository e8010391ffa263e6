"""What an account sets for itself: blocked contacts, its text about itself; and questions of mere form."""

import json
from collections.abc import Mapping

from sender.whatsapp.emulator.accounts import Device
from sender.whatsapp.emulator.directory import Directory
from sender.whatsapp.emulator.mailbox import Mailbox
from sender.whatsapp.emulator.newsletter_administration import NewsletterAdministration
from sender.whatsapp.emulator.newsletters import GraphRefused, Newsletters
from sender.whatsapp.emulator.questions import Answer, Key
from sender.whatsapp.emulator.stanzas import OK, Reply, StanzaIds, notification
from sender.whatsapp.wire.errors import MalformedFrame
from sender.whatsapp.wire.node import Node

# Questions to which any result will do.
_FORMALITIES = ("w:p", "urn:xmpp:ping", "urn:xmpp:whatsapp:dirty", "urn:xmpp:whatsapp:push", "tos", "w:stats")


NOT_FOUND = 404


class AccountSettings:
    def __init__(self, directory: Directory, mailbox: Mailbox, ids: StanzaIds, newsletters: Newsletters) -> None:
        self._directory, self._mailbox, self._ids = directory, mailbox, ids
        self._newsletters = newsletters
        self._administration = NewsletterAdministration(newsletters, directory)

    def answers(self) -> Mapping[Key, Answer]:
        return {
            **{(namespace, None): _agree for namespace in (*_FORMALITIES, "disappearing_mode")},
            ("privacy", "tokens"): self.tokens,
            ("blocklist", None): self.blocklist,
            ("status", None): self.about,
            ("status", "privacy"): self.status_audience,
            ("w:mex", None): self.query,
        }

    def tokens(self, device: Device, question: Node) -> Reply:
        """A client trusts a contact after its first message to it; the contact is told."""
        account = device.account
        for token in question.child("tokens").all("token"):
            trusted = self._directory.by_jid(token.jid("jid"))
            if trusted is None:
                continue
            details = Node("token", {"type": "trusted_contact", "t": token.get("t")}, b"tc" + account.lid.encode())
            told = notification(
                self._ids,
                "privacy_token",
                account.phone_jid,
                [Node("tokens", {}, [details])],
                sender_lid=account.lid_jid,
            )
            for companion in trusted.companions:
                self._mailbox.deliver(companion, told)
        return OK

    def blocklist(self, device: Device, question: Node) -> Reply:
        blocked = device.account.profile.blocked
        for item in question.all("item"):
            other = self._directory.by_jid(item.jid("jid"))
            if other is None:
                continue
            if item.get("action") == "block" and other.lid not in blocked:
                blocked.append(other.lid)
            elif item.get("action") == "unblock" and other.lid in blocked:
                blocked.remove(other.lid)
        self._directory.save(device.account)
        others = (self._directory.by_lid(lid) for lid in blocked)
        items = [Node("item", {"jid": other.lid_jid}) for other in others if other]
        return Reply([Node("list", {"dhash": str(len(items))}, items)])

    def about(self, device: Device, question: Node) -> Reply:
        self._write_about(device, question.first.data.decode(errors="replace"))
        return OK

    def status_audience(self, device: Device, question: Node) -> Reply:
        chosen = [self._directory.by_lid(lid) for lid in device.account.profile.audience]
        users = [Node("user", {"jid": other.lid_jid}) for other in chosen if other]
        kind = "whitelist" if users else "contacts"
        return Reply([Node("privacy", {}, [Node("list", {"type": kind, "default": "true"}, users)])])

    def query(self, device: Device, question: Node) -> Reply:
        """The graph questions: newsletters and the text about oneself; to the others the answer is empty."""
        graph = question.child("query")
        try:
            asked = json.loads(graph.data or b"{}")
            variables = asked.get("variables") or {}
            number = graph.get("query_id") or ""
            told = self._newsletters.answer(device, number, variables)
            if told is None:
                told = self._administration.answer(device.account, number, variables)
            text = (variables.get("input") or {}).get("text")
        except GraphRefused as refused:
            text = "Not Found" if refused.number == NOT_FOUND else "Refused"
            refusal = {"message": text, "extensions": {"error_code": refused.number, "severity": "CRITICAL"}}
            return Reply([Node("result", {}, json.dumps({"data": None, "errors": [refusal]}))])
        except (ValueError, AttributeError, KeyError, TypeError) as error:
            raise MalformedFrame("a graph question cannot be read") from error
        if told is not None:
            return Reply([Node("result", {}, json.dumps({"data": told}))])
        if isinstance(text, str):
            self._write_about(device, text)
        return Reply([Node("result", {}, json.dumps({"data": {}}))])

    def _write_about(self, device: Device, text: str) -> None:
        device.account.profile.about = text
        self._directory.save(device.account)


def _agree(device: Device, question: Node) -> Reply:
    return OK
