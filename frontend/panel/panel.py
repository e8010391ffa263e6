"""The panel's door: its routes, who may come in, and what happens around every page and every action."""

from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import parse_qsl, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from common import logs
from common.clock import Clock
from common.postgres import OUTAGES
from frontend.bodies import ClientGone, Limits, Message, Receive, read_body
from frontend.callers import Callers
from frontend.panel import languages
from frontend.panel.languages import NAMES, Languages, Words
from frontend.panel.live import Live
from frontend.panel.logins import Logins
from frontend.panel.logouts import Logouts
from frontend.panel.refusals import told
from frontend.panel.rendering import HEADERS, Rendering
from frontend.panel.sessions import COOKIE, Session, Sessions
from frontend.panel.visit import Action, Form, View, Visit
from frontend.problems import Problem

log = logs.get(__name__)

HOME = "/panel/instances"
SAID = "pombo_said"
LIMITS = Limits(body=64 * 1024, patience=15.0, address=8_192)
MOST_FIELDS = 50
YEAR = 365 * 86_400

Handler = Callable[[Request], Awaitable[Response]]


class Panel:
    """`views` and `actions` are seen and done by whoever is logged in, and by nobody else."""

    def __init__(
        self,
        views: Iterable[View],
        actions: Iterable[Action],
        sessions: Sessions,
        logins: Logins,
        rendering: Rendering,
        live: Live,
        logouts: Logouts,
        callers: Callers,
        clock: Clock,
        *,
        is_behind_tls: bool,
    ) -> None:
        self._views = tuple(views)
        self._actions = tuple(actions)
        self._sessions = sessions
        self._logins = logins
        self._rendering = rendering
        self._live = live
        self._logouts = logouts
        self._callers = callers
        self._clock = clock
        self._is_behind_tls = is_behind_tls
        self._languages = Languages()

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/panel", self._home),
            Route("/panel/", self._home),
            Route("/panel/files/{name}", self._file),
            Route("/panel/login", self._guarded(self._show_login), methods=["GET"]),
            Route("/panel/login", self._guarded(self._log_in), methods=["POST"]),
            Route("/panel/logout", self._guarded(self._log_out), methods=["POST"]),
            *(Route(view.path, self._guarded(self._showing(view)), methods=["GET"]) for view in self._views),
            *(Route(action.path, self._guarded(self._doing(action)), methods=["POST"]) for action in self._actions),
            Route("/panel/{rest:path}", self._guarded(self._lost)),
        ]

    def finish(self) -> None:
        """No page is told news any more."""
        self._live.finish()

    # --- in and out ---

    async def _home(self, request: Request) -> Response:
        return RedirectResponse(HOME, 303, headers=HEADERS)

    async def _file(self, request: Request) -> Response:
        return self._rendering.file(request.path_params["name"], is_versioned="v" in request.query_params)

    async def _show_login(self, request: Request) -> Response:
        if await self._visitor(request) is not None:
            return RedirectResponse(_inside(request.query_params.get("next")), 303, headers=HEADERS)
        return self._login_page(request, "")

    async def _log_in(self, request: Request) -> Response:
        _refuse_strangers(request)
        form = await _read_form(request)
        address = self._address_of(request) or ""
        if not await self._logins.may_try(address):
            log.warning("too many logins to the panel", address=address)
            return self._login_page(request, "Too many attempts. Wait some minutes and try again.", 429)
        if not self._sessions.is_right(form.get("token", "")):
            log.warning("login to the panel refused", address=address)
            return self._login_page(request, "That is not the partner token.", 403)
        await self._logins.succeeded(address)
        log.info("login to the panel", address=address)
        cookie, expires_at = self._sessions.open(self._clock.now())
        response = RedirectResponse(_inside(form.get("next")), 303, headers=HEADERS)
        lifetime = int((expires_at - self._clock.now()).total_seconds())
        self._set(response, COOKIE, cookie, lifetime)
        return response

    async def _log_out(self, request: Request) -> Response:
        visit, _ = await self._enter(request)
        await self._logouts.end(visit.session)
        response = RedirectResponse("/panel/login", 303, headers=HEADERS)
        response.delete_cookie(COOKIE, path="/panel")
        return response

    def _login_page(self, request: Request, refusal: str, status: int = 200) -> Response:
        words = self._words_of(request)
        context = {
            "refusal": words(refusal) if refusal else "",
            "is_possible": self._sessions.is_possible,
            "next": _inside(request.query_params.get("next")),
            "switches": _switches(request),
        }
        return self._rendering.page("login.html", words, context, status)

    # --- pages and actions ---

    def _showing(self, view: View) -> Handler:
        async def show(request: Request) -> Response:
            session = await self._visitor(request)
            if session is None:
                return _to_login(request)
            visit = self._visit(request, session)
            if request.headers.get("accept", "").startswith("text/event-stream"):
                return self._live.stream(view, visit)
            said = self._said_to(request)
            context = {"visit": visit, "said": said, "switches": _switches(request), **await view.load(visit)}
            response = self._rendering.page(view.template, visit.words, context)
            if said is not None:
                response.delete_cookie(SAID, path="/panel")
            return response

        return show

    def _doing(self, action: Action) -> Handler:
        async def do(request: Request) -> Response:
            visit, form = await self._enter(request)
            back = action.back.format(**request.path_params)
            try:
                said = await action.perform(visit, form)
            except Problem as problem:
                return self._say(RedirectResponse(back, 303, headers=HEADERS), "refused", problem.text)
            response = RedirectResponse(said.to or back, 303, headers=HEADERS)
            return self._say(response, "done", said.text) if said.text else response

        return do

    async def _lost(self, request: Request) -> Response:
        if await self._visitor(request) is None:
            return _to_login(request)
        return self._trouble(request, 404, "There is no such page.")

    async def _enter(self, request: Request) -> tuple[Visit, Form]:
        """Whoever sent a form that was made for this session. Raises a Problem."""
        _refuse_strangers(request)
        session = await self._visitor(request)
        form = await _read_form(request)
        if session is None or not self._sessions.is_signed("form", session.id, form.get("form_token", "")):
            raise Problem(403, "This form is not valid any more. Open the page again.")
        return self._visit(request, session), form

    def _guarded(self, handler: Handler) -> Handler:
        """Whatever goes wrong becomes a page."""

        async def handle(request: Request) -> Response:
            if (language := request.query_params.get("language", "")) in NAMES:
                return self._switch(request, language)
            try:
                self._callers.check(self._address_of(request))
                return await handler(request)
            except Problem as problem:
                return self._trouble(request, problem.status, problem.text)
            except ClientGone:
                return Response(status_code=400)
            except OUTAGES as error:
                log.warning("panel met an outage", error=type(error).__name__)
                return self._trouble(request, 503, "The database cannot be reached now.")

        return handle

    def _trouble(self, request: Request, status: int, text: str) -> Response:
        words = self._words_of(request)
        session = self._session_of(request)
        context = {"status": status, "text": told(text, words), "switches": _switches(request), "session": session}
        return self._rendering.page("trouble.html", words, context, status)

    # --- who it is ---

    async def _visitor(self, request: Request) -> Session | None:
        """The session that the request belongs to, unless it was ended."""
        session = self._session_of(request)
        return None if session is None or await self._logouts.is_ended(session) else session

    def _visit(self, request: Request, session: Session) -> Visit:
        return Visit(request, session, self._words_of(request), self._clock.now(), self._address_of(request))

    def _address_of(self, request: Request) -> str | None:
        return self._callers.address(request.client, dict(request.scope["headers"]))

    # --- cookies ---

    def _session_of(self, request: Request) -> Session | None:
        return self._sessions.read(request.cookies.get(COOKIE), self._clock.now())

    def _words_of(self, request: Request) -> Words:
        return self._languages.choose(request.cookies.get(languages.COOKIE), request.headers.get("accept-language"))

    def _switch(self, request: Request, language: str) -> Response:
        rest = [(name, value) for name, value in request.query_params.multi_items() if name != "language"]
        query = f"?{urlencode(rest)}" if rest else ""
        response = RedirectResponse(f"{_inside(request.url.path)}{query}", 303, headers=HEADERS)
        self._set(response, languages.COOKIE, language, YEAR)
        return response

    def _say(self, response: Response, kind: str, text: str) -> Response:
        """For the next page that is shown."""
        said = orjson.dumps([kind, text[:500]]).hex()
        self._set(response, SAID, f"{said}.{self._sessions.sign('said', said)}", 60)
        return response

    def _said_to(self, request: Request) -> tuple[str, str] | None:
        said, _, signature = request.cookies.get(SAID, "").partition(".")
        if not said or not self._sessions.is_signed("said", said, signature):
            return None
        kind, text = orjson.loads(bytes.fromhex(said))
        return kind, told(text, self._words_of(request))

    def _set(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name, value, max_age=seconds, path="/panel", httponly=True, samesite="strict", secure=self._is_behind_tls
        )


def _receive_of(request: Request) -> Receive:
    async def receive() -> Message:
        return await request.receive()

    return receive


async def _read_form(request: Request) -> Form:
    """The last value of a repeated name counts. Raises a Problem."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Problem(415, "Send the form as it is.")
    body = await read_body(_receive_of(request), dict(request.scope["headers"]), LIMITS)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Problem(400, "Send the form as it is.") from None
    return {name: value.replace("\0", "") for name, value in pairs}


def _refuse_strangers(request: Request) -> None:
    """A browser says where a request comes from; forms of other sites are not taken."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Problem(403, "This form is not valid any more. Open the page again.")


def _to_login(request: Request) -> Response:
    if request.headers.get("accept", "").startswith("text/event-stream"):
        return Response(status_code=401, headers=HEADERS)
    query = f"?{request.url.query}" if request.url.query else ""
    wanted = urlencode({"next": f"{request.url.path}{query}"})
    return RedirectResponse(f"/panel/login?{wanted}", 303, headers=HEADERS)


def _inside(path: str | None) -> str:
    """A place in the panel, whatever was asked for."""
    is_inside = path is not None and path.startswith("/panel/") and "\\" not in path and path.isprintable()
    return path if is_inside and path is not None else HOME


def _switches(request: Request) -> list[tuple[str, str, str]]:
    """For each language its code, its name and the address that switches to it."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "language"]
    return [(code, name, "?" + urlencode([*kept, ("language", code)])) for code, name in NAMES.items()]
