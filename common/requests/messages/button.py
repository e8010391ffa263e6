"""Requests that send something to tap: action and reply buttons, lists, codes, PIX keys and carousels."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, ValidationInfo, WithJsonSchema, field_validator

from common.requests.fields import Label, NumberAsText, OptionalId, ShownText, Text, Url
from common.requests.media_source import MediaSource
from common.requests.messages.outgoing import TEXT, Part, ToChat, needs

LONGEST_CODE = 4_096
COPY_THIS_CODE = "Copiar código"

DialedPhone = Annotated[str, Field(pattern=r"^\+?[0-9]{3,20}$", examples=["551130001000"])]


class ReplyButton(Part):
    """Without an `id` its place, counted from 1, is its id."""

    id: OptionalId | None = None
    label: Label


class ActionButton(ReplyButton):
    """CALL needs `phone`, URL needs `url`. WhatsApp's own copy-code link makes a button that copies."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [needs("phone", when="type", equals="CALL"), needs("url", when="type", equals="URL")]
        }
    )

    type: Literal["CALL", "URL", "REPLY"]
    phone: DialedPhone | None = Field(None, validate_default=True)
    url: Url | None = Field(None, validate_default=True)

    @field_validator("phone")
    @classmethod
    def _can_call(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("type") == "CALL":
            raise ValueError("field required for a CALL button")
        return value

    @field_validator("url")
    @classmethod
    def _can_open(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("type") == "URL":
            raise ValueError("field required for a URL button")
        return value


class SendButtonActions(ToChat):
    """Buttons that call, open an address or reply. Mixing replies with the others breaks on WhatsApp Web."""

    kind = "button-actions"

    message: Text
    buttonActions: Annotated[list[ActionButton], Field(min_length=1)]
    title: ShownText | None = None
    footer: ShownText | None = None


class ButtonList(Part):
    """`image` and `video` exclude each other."""

    model_config = ConfigDict(
        json_schema_extra={
            "not": {"required": ["image", "video"], "properties": dict.fromkeys(("image", "video"), TEXT)}
        }
    )

    buttons: Annotated[list[ReplyButton], Field(min_length=1)]
    image: MediaSource | None = None
    video: MediaSource | None = None

    @field_validator("video")
    @classmethod
    def _is_the_only_head(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("image") is not None:
            raise ValueError("image and video exclude each other")
        return value


class SendButtonList(ToChat):
    """Reply buttons under a text, an image or a video."""

    kind = "button-list"

    message: Text
    buttonList: ButtonList


class ListedOption(Part):
    id: OptionalId | None = None
    title: Label
    description: ShownText


class OptionList(Part):
    title: Label
    buttonLabel: Label
    options: Annotated[list[ListedOption], Field(min_length=1)]


class SendOptionList(ToChat):
    """A button that opens a list. WhatsApp does not show it in groups any more."""

    kind = "option-list"

    message: Text
    optionList: OptionList


class SendButtonOtp(ToChat):
    """A button that copies `code`."""

    kind = "button-otp"

    message: Text
    code: Annotated[
        str,
        NumberAsText(LONGEST_CODE),
        Field(min_length=1),
        WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1, "maxLength": LONGEST_CODE}, {"type": "number"}]}),
    ]
    image: MediaSource | None = None
    buttonText: Label | None = Field(None, description=f"Unset: `{COPY_THIS_CODE}`.")


class SendButtonPix(ToChat):
    """A PIX key with a button that copies it. Whether the key fits its type is not checked."""

    kind = "button-pix"

    pixKey: Text
    type: Literal["CPF", "CNPJ", "PHONE", "EMAIL", "EVP"]
    merchantName: ShownText | None = Field(None, description="Unset or empty: `Pix`.")


class CarouselCard(Part):
    text: Text
    image: MediaSource
    buttons: list[ActionButton] | None = None


class SendCarousel(ToChat):
    """Cards to swipe through, each with an image, a text and buttons."""

    kind = "carousel"

    message: Text
    carousel: Annotated[list[CarouselCard], Field(min_length=1)]
