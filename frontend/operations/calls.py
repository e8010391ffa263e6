"""Calls. What WhatsApp does not have itself, the contract's vendor runs on servers of its own."""

from common.requests.calls import SendCall
from frontend.operation import Operation, Unavailable
from frontend.replies.calls import CallToken, SipInfo
from frontend.replies.messages import Queued

RINGING = "the library cannot ring: it has no call signalling but the refusal of a call"
TELEPHONY = "there is no SIP server behind this gateway"

OPERATIONS = (
    Operation(
        "POST",
        "send-call",
        Unavailable(RINGING),
        "Ring a number and hang up",
        Queued,
        body=SendCall,
        tag="calls",
        example={"phone": "5511987654321", "callDuration": 10},
    ),
    Operation(
        "GET",
        "call-token",
        Unavailable(TELEPHONY),
        "A token for one connection of the calls SDK",
        CallToken,
        tag="calls",
    ),
    Operation(
        "POST",
        "sip-token",
        Unavailable(TELEPHONY),
        "Create or replace the SIP credentials",
        SipInfo,
        tag="calls",
    ),
    Operation(
        "GET",
        "sip-info",
        Unavailable(TELEPHONY),
        "The SIP settings of the instance",
        SipInfo,
        tag="calls",
    ),
)
