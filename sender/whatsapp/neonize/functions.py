"""Functions: those of the library that a session's questions may reach, by our names, each with what it is handed.

An address is a whole one of the library's (`to_engine`), a text ends in C at its first NUL, and words that the library
looks up in its tables come from ours: a wrong argument aborts the process.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sender.whatsapp.neonize.parts import unpack

Function = Callable[[bytes, bytes], bytes]
"""Session and question to answer."""

CHANGES = frozenset({b"add", b"remove", b"promote", b"demote"})
BLOCKS = frozenset({b"block", b"unblock"})
SETTINGS = frozenset({b"groupadd", b"last", b"status", b"profile", b"readreceipts", b"online", b"calladd"})
VALUES = frozenset({b"all", b"contacts", b"contact_blacklist", b"match_last_seen", b"known", b"none"})


def functions_of(go: Any) -> Mapping[str, Function]:
    def of_jid(name: str) -> Function:
        function = getattr(go, name)
        return lambda session, jid: function(session, jid, len(jid))

    def of_two(name: str) -> Function:
        function = getattr(go, name)

        def ask(session: bytes, body: bytes) -> bytes:
            first, second = unpack(body)
            return bytes(function(session, first, len(first), second, len(second)))

        return ask

    def with_flag(name: str) -> Function:
        function = getattr(go, name)

        def ask(session: bytes, body: bytes) -> bytes:
            jid, flag = unpack(body)
            return bytes(function(session, jid, len(jid), flag == b"\1"))

        return ask

    def rename(session: bytes, body: bytes) -> bytes:
        jid, text = unpack(body)
        return bytes(go.SetGroupName(session, jid, len(jid), text))

    def describe(session: bytes, body: bytes) -> bytes:
        jid, text = unpack(body)
        return bytes(go.SetGroupTopic(session, jid, len(jid), b"", b"", text))

    def members(session: bytes, body: bytes) -> bytes:
        jid, jids, change = unpack(body)
        return bytes(go.UpdateGroupParticipants(session, jid, len(jid), jids, len(jids), _one_of(CHANGES, change)))

    def timer(session: bytes, body: bytes) -> bytes:
        jid, nanoseconds = unpack(body)
        return bytes(go.SetDisappearingTimer(session, jid, len(jid), int(nanoseconds), 0))

    def block(session: bytes, body: bytes) -> bytes:
        jid, action = unpack(body)
        return bytes(go.UpdateBlocklist(session, jid, len(jid), _one_of(BLOCKS, action)))

    def choose(session: bytes, body: bytes) -> bytes:
        setting, value = unpack(body)
        return bytes(go.SetPrivacySetting(session, _one_of(SETTINGS, setting), _one_of(VALUES, value)))

    return {
        "accounts": lambda session, phones: go.IsOnWhatsApp(session, phones),
        "user-info": of_jid("GetUserInfo"),
        "picture": lambda session, jid: go.GetProfilePicture(session, jid, len(jid), b"", 0),
        "set-picture": of_jid("SetProfilePhoto"),
        "set-name": lambda session, name: go.SetPushName(session, name),
        "set-about": lambda session, about: go.SetStatusMessage(session, about),
        "create-group": of_jid("CreateGroup"),
        "group": of_jid("GetGroupInfo"),
        "groups": lambda session, _: go.GetJoinedGroups(session),
        "group-of-invitation": lambda session, code: go.GetGroupInfoFromLink(session, code),
        "join-group": lambda session, code: go.JoinGroupWithLink(session, code),
        "leave-group": of_jid("LeaveGroup"),
        "rename-group": rename,
        "describe-group": describe,
        "group-picture": of_two("SetGroupPhoto"),
        "change-members": members,
        "only-admins-write": with_flag("SetGroupAnnounce"),
        "only-admins-edit": with_flag("SetGroupLocked"),
        "invitation": with_flag("GetGroupInviteLink"),
        "expire-messages": timer,
        "sub-groups": of_jid("GetSubGroups"),
        "link-group": of_two("LinkGroup"),
        "unlink-group": of_two("UnlinkGroup"),
        "block": block,
        "privacy": lambda session, _: go.GetPrivacySettings(session),
        "choose-privacy": choose,
        "expire-new-chats": lambda session, nanoseconds: go.SetDefaultDisappearingTimer(session, int(nanoseconds)),
        "create-newsletter": of_jid("CreateNewsletter"),
        "newsletter": of_jid("GetNewsletterInfo"),
        "newsletters": lambda session, _: go.GetSubscribedNewsletters(session),
        "follow-newsletter": of_jid("FollowNewsletter"),
        "unfollow-newsletter": of_jid("UnfollowNewsletter"),
        "mute-newsletter": with_flag("NewsletterToggleMute"),
    }


def _one_of(known: frozenset[bytes], word: bytes) -> bytes:
    if word not in known:
        raise KeyError(word)
    return word
