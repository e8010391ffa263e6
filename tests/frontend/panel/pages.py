"""Every page of the panel, by its address."""

from tests.frontend.gateway import Caller


async def pages_of(caller: Caller) -> list[str]:
    base = f"/panel/instances/{caller.id}"
    message = (await caller.send_text()).json()["zaapId"]
    pages = [
        "",
        "/pair",
        "/queue",
        f"/messages?id={message}",
        f"/messages/{message}",
        "/webhooks",
        "/events",
        "/settings",
    ]
    return ["/panel/instances", "/panel/system", *(base + page for page in pages)]
