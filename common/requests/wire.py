"""How an instance's session is to reach WhatsApp."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from common.capabilities import Wire

LONGEST_PROXY = 1_000
PROXY_SCHEMES = ("http", "socks5")


def _is_proxy(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("a proxy is an http or socks5 URL") from None
    printable = all("!" <= each <= "~" for each in url)
    if parts.scheme not in PROXY_SCHEMES or not parts.hostname or port == 0 or not printable:
        raise ValueError("a proxy is an http or socks5 URL with a host")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("the URL of a proxy ends with its host and port")
    return url


Proxy = Annotated[str, Field(max_length=LONGEST_PROXY), AfterValidator(_is_proxy)]


class SetWire(BaseModel):
    """What is left out stays as it is; null goes back to what all instances do (WHATSAPP_WIRE, WHATSAPP_PROXY)."""

    model_config = ConfigDict(frozen=True)

    wire: Wire | None = None
    proxy: Proxy | None = Field(
        default=None,
        description="http or socks5 URL, with user and password if need be",
        examples=["socks5://u:p@a:1080"],
    )

    @model_validator(mode="after")
    def _asks_something(self) -> "SetWire":
        if not self.model_fields_set:
            raise ValueError("field required: wire or proxy")
        return self
