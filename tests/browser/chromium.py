"""Chromium without a screen, driven over its own protocol: what playwright and its like speak, without their weight."""

import asyncio
import base64
import contextlib
import itertools
import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.waiting import PATIENCE

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
LOOK = 0.03

KEYS = {
    "Tab": ("Tab", 9, ""),
    "Enter": ("Enter", 13, "\r"),
    "Space": ("Space", 32, " "),
    "Escape": ("Escape", 27, ""),
}


def find_chromium() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Failed(AssertionError):
    """The page did not do what was asked."""


class Page:
    """One tab. What it is asked to do waits until it can be done."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._handlers: dict[str, Callable[[dict[str, Any]], None]] = {}
        self.complaints: list[str] = []
        """Errors of the console: scripts that fail, what the page's policy refused."""
        self.received: dict[str, int] = {}
        """Bytes by URL, headers included, as they came over the network."""
        self._urls: dict[str, str] = {}

    async def read(self) -> None:
        """Hear what Chromium says, until it says no more."""
        async for message in self._socket:
            said = json.loads(message.data)
            if (waiting := self._waiting.pop(said.get("id", 0), None)) is not None:
                if not waiting.done():
                    waiting.set_result(said)
            elif handler := self._handlers.get(said.get("method", "")):
                handler(said["params"])

    async def start(self) -> None:
        self._handlers = {
            "Runtime.exceptionThrown": lambda said: self.complaints.append(str(said["exceptionDetails"])),
            "Log.entryAdded": self._note,
            "Network.responseReceived": self._note_response,
            "Network.loadingFinished": self._note_size,
        }
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")

    def _note(self, said: dict[str, Any]) -> None:
        if said["entry"]["level"] == "error":
            self.complaints.append(f"{said['entry']['text']} {said['entry'].get('url', '')}")

    def _note_response(self, said: dict[str, Any]) -> None:
        self._urls[said["requestId"]] = said["response"]["url"]

    def _note_size(self, said: dict[str, Any]) -> None:
        url = self._urls.get(said["requestId"], "")
        self.received[url] = int(said["encodedDataLength"])

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(PATIENCE):
            answer = await future
        if "error" in answer:
            raise Failed(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        told = await self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise Failed(str(told["exceptionDetails"].get("exception", {}).get("description", told)))
        return told["result"].get("value")

    async def until(self, script: str, patience: float = PATIENCE) -> Any:
        """The value of the expression once it is true; a page that is just changing counts as not yet."""
        deadline = time.monotonic() + patience
        while True:
            with contextlib.suppress(Failed):
                if found := await self.run(script):
                    return found
            if time.monotonic() > deadline:
                raise Failed(f"never true: {script}\n{await self.text()}")
            await asyncio.sleep(LOOK)

    # --- as a person ---

    async def go(self, url: str) -> None:
        await self.call("Page.navigate", url=url)
        await self.until(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(url)})")

    async def text(self) -> str:
        return str(await self.run("document.body?.innerText ?? ''"))

    async def says(self, text: str, patience: float = PATIENCE) -> None:
        """Wait until the page shows this text."""
        found = f"document.body.innerText.includes({json.dumps(text)})"
        await self.until(f"document.readyState === 'complete' && {found}", patience)

    async def click(self, words: str) -> None:
        """With the mouse, on what can be pressed and says (or is labelled) this, once it stands still: parts of a page
        that come later move it."""
        place = await self.until(_find(words) + ".map(where)[0]")
        for kind in ("mousePressed", "mouseReleased"):
            await self.call(
                "Input.dispatchMouseEvent", type=kind, x=place["x"], y=place["y"], button="left", clickCount=1
            )

    async def fill(self, name: str, text: str) -> None:
        """Type into the field of this name."""
        field = f"document.querySelector('[name={json.dumps(name)}]:not([type=hidden])')"
        await self.until(f"!!{field} && ({field}.focus(), {field}.select?.(), document.activeElement === {field})")
        await self.type(text)

    async def choose(self, name: str, value: str) -> None:
        await self.until(f"(document.querySelector('select[name={name}]').value = {json.dumps(value)})")

    async def type(self, text: str) -> None:
        await self.call("Input.insertText", text=text)

    async def press(self, key: str) -> None:
        code, number, text = KEYS[key]
        named = " " if key == "Space" else key
        same = {"key": named, "code": code, "windowsVirtualKeyCode": number}
        await self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **same)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **same)

    async def tab_to(self, words: str, most: int = 80) -> None:
        """With the Tab key alone, until what says this has the focus."""
        for _ in range(most):
            await self.press("Tab")
            if await self.run(f"says(document.activeElement) === {json.dumps(words)}"):
                return
        raise Failed(f"the Tab key never comes to {words!r}")

    # --- looking ---

    async def look(self, *, width: int = 1200, height: int = 900, is_dark: bool = False, scale: int = 1) -> None:
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False
        )
        await self.call("Emulation.setScrollbarsHidden", hidden=True)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])

    async def photograph(self, path: Path) -> None:
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        taken = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        await asyncio.to_thread(path.write_bytes, base64.b64decode(taken["data"]))

    async def prepare(self) -> None:
        """What `click` and `tab_to` look with, in every document that comes."""
        await self.call("Page.addScriptToEvaluateOnNewDocument", source=SENSES)


SENSES = """
self.says = (element) => (element?.getAttribute('aria-label') ?? element?.labels?.[0]?.innerText
    ?? element?.innerText ?? '').trim()
self.where = async (element) => {
    element.scrollIntoView({block: 'center'})
    const before = element.getBoundingClientRect()
    await new Promise((resolve) => setTimeout(resolve, 50))
    const box = element.getBoundingClientRect()
    const isStill = element.isConnected && box.x === before.x && box.y === before.y
    return isStill ? {x: box.x + box.width / 2, y: box.y + box.height / 2} : null
}
"""


def _find(words: str) -> str:
    return (
        "[...document.querySelectorAll('a, button, summary, label, input[type=checkbox]')]"
        f".filter((each) => each.checkVisibility() && says(each) === {json.dumps(words)})"
    )


@asynccontextmanager
async def open_page(folder: Path) -> AsyncIterator[Page]:
    """A tab of a browser of its own, whose profile is in `folder`."""
    chromium = find_chromium()
    assert chromium is not None
    profile = folder / "profile"
    flags = [
        "--headless=new", "--no-first-run", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
        "--disable-features=Translate,OptimizationHints,MediaRouter", "--remote-debugging-port=0", "--lang=en-US",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", f"--user-data-dir={profile}",
    ]  # fmt: skip
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium's own sandbox does not work for root
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(chromium, *flags, "about:blank", stdout=quiet, stderr=quiet)
    try:
        port = await _port_of(profile)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                tabs = await answer.json()
            address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
            async with session.ws_connect(address, max_msg_size=0) as socket, asyncio.TaskGroup() as tasks:
                page = Page(socket)
                reading = tasks.create_task(page.read())
                await page.start()
                await page.prepare()
                await page.look()
                yield page
                reading.cancel()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _port_of(profile: Path) -> int:
    file = profile / "DevToolsActivePort"
    async with asyncio.timeout(PATIENCE):
        while not (file.exists() and file.read_text().strip()):
            await asyncio.sleep(LOOK)
    return int(file.read_text().splitlines()[0])
