"""Answers about the way to WhatsApp."""

from pydantic import BaseModel, ConfigDict, Field

from common.capabilities import Wire


class WireSettings(BaseModel):
    model_config = ConfigDict(frozen=True)

    wire: Wire | None = Field(description="null: as WHATSAPP_WIRE says for all instances")
    proxy: str | None = Field(description="without its password; null: as WHATSAPP_PROXY says for all instances")
    state: str
    error: str | None = Field(description="why there is no session, if there is none")
