"""The panel put together from the frontend's parts."""

import aiohttp
from redis.asyncio import Redis

from common.settings import FrontendSettings
from frontend.ask import Ask
from frontend.authentication import Tokens
from frontend.callers import Callers
from frontend.dispatch import Dispatch
from frontend.panel.api import Api
from frontend.panel.emulator import Emulator
from frontend.panel.live import Live
from frontend.panel.logins import Logins
from frontend.panel.logouts import Logouts
from frontend.panel.panel import Panel
from frontend.panel.rendering import Rendering
from frontend.panel.sessions import Sessions
from frontend.panel.throughput import Throughput
from frontend.panel.views.instance import Desk, InstancePages
from frontend.panel.views.instances import Instances
from frontend.panel.views.pairing import Pairing
from frontend.panel.views.phone import Phone
from frontend.panel.views.queue import Queue
from frontend.panel.views.system import System
from frontend.panel.views.webhooks import Webhooks
from frontend.services import Services


def build(
    settings: FrontendSettings,
    services: Services,
    dispatch: Dispatch,
    ask: Ask,
    tokens: Tokens,
    redis: Redis,
    callers: Callers,
    throughput: Throughput,
    outside: aiohttp.ClientSession | None,
) -> Panel:
    """`outside` reaches the emulator; without one there is no virtual phone."""
    api = Api(dispatch, services.vault, tokens)
    desk = Desk(services, api, ask)
    emulator = None if outside is None else Emulator(outside, settings.panel_emulator_url)
    rooms: list[Instances | InstancePages | Pairing | Queue | Webhooks | System | Phone] = [
        Instances(services, api),
        InstancePages(desk, settings.api_base_url),
        Pairing(desk, emulator),
        Queue(desk),
        Webhooks(desk),
        System(services, api, throughput, may_drain=tokens.admin is None),
    ]
    if emulator is not None:
        rooms.append(Phone(desk, emulator))
    rendering = Rendering(has_phone=emulator is not None)
    logouts = Logouts(services.pool, services.clock)
    encryption_key = settings.token_encryption_key.get_secret_value()
    return Panel(
        [view for room in rooms for view in room.views],
        [action for room in rooms for action in room.actions],
        Sessions(encryption_key, tokens.partner, settings.panel_session),
        Logins(redis, services.clock, settings.panel_login_attempts, settings.panel_login_window),
        rendering,
        Live(rendering, logouts.check, services.clock.now, settings.panel_interval, settings.panel_live_pages),
        logouts,
        callers,
        services.clock,
        is_behind_tls=settings.api_base_url.startswith("https://"),
    )
