"""Answers about an account's first device."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Waits(_Reply):
    blocked: bool | None = None
    smsWaitSeconds: int | None = None
    voiceWaitSeconds: int | None = None
    waOldWaitSeconds: int | None = None


class RegistrationAvailable(_Waits):
    available: bool
    appealToken: str | None = None
    waOldEligible: bool | None = None
    reason: str | None = None


class CodeRequested(_Waits):
    success: bool
    captcha: str | None = None
    retryAfter: int | None = None
    method: str | None = None


class CodeConfirmed(_Reply):
    success: bool
    confirmSecurityCode: bool | None = None


class Unbanning(_Reply):
    success: bool
    status: Literal["IN_REVIEW", "UNBANNED"]


class Email(_Reply):
    success: bool
    hasEmail: bool
    email: str | None = None
    verified: bool


class Pin(_Reply):
    success: bool
    hasCode: bool


class Changed(_Reply):
    success: bool
    message: str | None = None
