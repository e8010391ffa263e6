"""Requests of an account's first device: its registration, e-mail address and PIN."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from common.requests.business import EMAIL
from common.requests.fields import LONGEST_LABEL, NumberAsText

LONGEST_TOKEN = 4_096

Digits = Annotated[
    str,
    NumberAsText(),
    Field(pattern=r"^[0-9]{1,15}$"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^[0-9]{1,15}$"},
                {"type": "integer", "minimum": 0, "maximum": 10**15 - 1},
            ]
        }
    ),
]
Code = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{4,12}$")]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True)


class RegistrationAvailable(_Request):
    """`phone` is without the country code, which is `ddi`."""

    ddi: Digits
    phone: Digits


class RequestCode(RegistrationAvailable):
    method: Literal["sms", "voice", "wa_old"]


class RespondCaptcha(_Request):
    captcha: Annotated[str, Field(min_length=1, max_length=64)]


class ConfirmCode(_Request):
    code: Code


class RequestUnbanning(_Request):
    appealToken: Annotated[str, Field(min_length=1, max_length=LONGEST_TOKEN)]
    description: Annotated[str, Field(min_length=1, max_length=LONGEST_LABEL)]


class SetEmail(_Request):
    email: Annotated[
        str,
        Field(max_length=255, pattern=rf"^{EMAIL.pattern}$"),
        WithJsonSchema({"type": "string", "maxLength": 255, "pattern": r"^[a-z]{1,60}@[a-z]{1,60}\.[a-z]{2,9}$"}),
    ]


class VerifyEmail(_Request):
    verificationCode: Code


class SetPin(_Request):
    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]
