"""procrastinate as a peer: behind Starlette it defers a job for each send-text, and its worker runs one that does
nothing."""

import asyncio
import os
import secrets
import uuid
from typing import Annotated, Any

import procrastinate
import uvicorn
import uvloop
from pydantic import BaseModel, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CONNECTIONS = 10
AT_ONCE = 50
STEP = 1000
PAYLOAD = {"phone": "5511988887777", "message": "Order 1042 has left the warehouse"}


class SendText(BaseModel):
    phone: Annotated[str, Field(min_length=1)]
    message: Annotated[str, Field(min_length=1)]


class Peer:
    """`POST /fill?count=N` puts jobs in, `POST /go` begins, `GET /count` tells how many are done."""

    def __init__(self, dsn: str) -> None:
        connector = procrastinate.PsycopgConnector(conninfo=dsn, min_size=CONNECTIONS, max_size=CONNECTIONS)
        self._app = procrastinate.App(connector=connector)
        self._task = self._app.task(name="send")(self._send)
        self._begin = asyncio.Event()
        self._done = 0

    async def open(self) -> None:
        await self._app.open_async()
        if not await self._app.check_connection_async():
            await self._app.schema_manager.apply_schema_async()

    async def work(self) -> None:
        await self._begin.wait()
        await self._app.run_worker_async(concurrency=AT_ONCE, install_signal_handlers=False, delete_jobs="always")

    def web(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/instances/{instance}/token/{token}/send-text", self._send_text, methods=["POST"]),
                Route("/fill", self._fill, methods=["POST"]),
                Route("/go", self._go, methods=["POST"]),
                Route("/count", self._count),
            ]
        )

    async def _send(self, **payload: Any) -> None:
        self._done += 1

    async def _send_text(self, request: Request) -> Response:
        try:
            body = SendText.model_validate_json(await request.body())
        except ValidationError:
            return JSONResponse({"error": "not valid"}, 400)
        await self._task.defer_async(**body.model_dump())
        message_id = f"3EB0{secrets.token_hex(9).upper()}"
        return JSONResponse({"zaapId": uuid.uuid4().hex.upper(), "messageId": message_id, "id": message_id})

    async def _fill(self, request: Request) -> Response:
        left = int(request.query_params["count"])
        while left > 0:
            await self._task.batch_defer_async(*[PAYLOAD] * min(left, STEP))
            left -= STEP
        return JSONResponse({})

    async def _go(self, request: Request) -> Response:
        self._begin.set()
        return JSONResponse({})

    async def _count(self, request: Request) -> Response:
        return JSONResponse({"count": self._done})


async def main() -> None:
    peer = Peer(os.environ["POSTGRES_DSN"])
    await peer.open()
    host, _, port = os.environ["HTTP_ADDR"].rpartition(":")
    config = uvicorn.Config(
        peer.web(), host=host, port=int(port), http="httptools", ws="none", lifespan="off", log_config=None,
        access_log=False, proxy_headers=False, server_header=False,
    )  # fmt: skip
    async with asyncio.TaskGroup() as tasks:
        worker = tasks.create_task(peer.work())
        await uvicorn.Server(config).serve()
        worker.cancel()


if __name__ == "__main__":
    uvloop.run(main())
