"""The engine's own protobuf messages, and addresses in its form."""

from common.addresses import Jid, device_of, server_of, user_of
from sender.whatsapp.bare_package import load_bare

load_bare("neonize")

from neonize.proto.Neonize_pb2 import (  # noqa: E402
    JID,
    ClientOutdated,
    ConnectFailure,
    ConnectFailureReason,
    CreateNewsletterParams,
    CreateNewsLetterReturnFunction,
    Device,
    GetBlocklistReturnFunction,
    GetGroupInfoReturnFunction,
    GetGroupInviteLinkReturnFunction,
    GetJoinedGroupsReturnFunction,
    GetProfilePictureReturnFunction,
    GetSubGroupsReturnFunction,
    GetSubscribedNewslettersReturnFunction,
    GetUserInfoReturnFunction,
    GroupInfo,
    GroupParticipant,
    IsOnWhatsAppReturnFunction,
    JIDArray,
    JoinGroupWithLinkReturnFunction,
    KeepAliveTimeout,
    LoggedOut,
    NewsletterMetadata,
    PairPhoneParams,
    PairPhoneReturnFunction,
    PrivacySettings,
    Receipt,
    ReqCreateGroup,
    SendMessageReturnFunction,
    SetGroupPhotoReturnFunction,
    SetPrivacySettingReturnFunction,
    TemporaryBan,
    UpdateGroupParticipantsReturnFunction,
    UploadReturnFunction,
)
from neonize.proto.waCompanionReg.WAWebProtobufsCompanionReg_pb2 import DeviceProps  # noqa: E402

__all__ = [
    "JID",
    "ClientOutdated",
    "ConnectFailure",
    "ConnectFailureReason",
    "CreateNewsLetterReturnFunction",
    "CreateNewsletterParams",
    "Device",
    "DeviceProps",
    "GetBlocklistReturnFunction",
    "GetGroupInfoReturnFunction",
    "GetGroupInviteLinkReturnFunction",
    "GetJoinedGroupsReturnFunction",
    "GetProfilePictureReturnFunction",
    "GetSubGroupsReturnFunction",
    "GetSubscribedNewslettersReturnFunction",
    "GetUserInfoReturnFunction",
    "GroupInfo",
    "GroupParticipant",
    "IsOnWhatsAppReturnFunction",
    "JIDArray",
    "JoinGroupWithLinkReturnFunction",
    "KeepAliveTimeout",
    "LoggedOut",
    "NewsletterMetadata",
    "PairPhoneParams",
    "PairPhoneReturnFunction",
    "PrivacySettings",
    "Receipt",
    "ReqCreateGroup",
    "SendMessageReturnFunction",
    "SetGroupPhotoReturnFunction",
    "SetPrivacySettingReturnFunction",
    "TemporaryBan",
    "UpdateGroupParticipantsReturnFunction",
    "UploadReturnFunction",
    "from_engine",
    "to_engine",
]


def to_engine(jid: Jid) -> bytes:
    """All required fields are set: an address without them is an error in the library, one without a user worse."""
    if not user_of(jid) or not server_of(jid):
        raise ValueError("an address has a user and a server")
    body: bytes = JID(
        User=user_of(jid), RawAgent=0, Device=device_of(jid), Integrator=0, Server=server_of(jid), IsEmpty=False
    ).SerializeToString()
    return body


def from_engine(jid: JID) -> Jid:
    device = f":{jid.Device}" if jid.Device else ""
    return Jid(f"{jid.User}{device}@{jid.Server}")
