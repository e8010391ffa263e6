"""The yardstick: a bare Starlette app that validates the same body and answers the same JSON, and stores nothing."""

import os

import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from common.identifiers import new_message_id, new_zaap_id
from common.requests.messages import SendText


async def send_text(request: Request) -> Response:
    try:
        SendText.model_validate_json(await request.body())
    except ValidationError:
        return JSONResponse({"error": "not valid"}, 400)
    message_id = new_message_id()
    return JSONResponse({"zaapId": new_zaap_id().hex.upper(), "messageId": message_id, "id": message_id})


async def ready(request: Request) -> Response:
    return JSONResponse({"ready": True})


def build() -> Starlette:
    return Starlette(
        routes=[
            Route("/instances/{instance}/token/{token}/send-text", send_text, methods=["POST"]),
            Route("/ready", ready),
        ]
    )


def main() -> None:
    host, _, port = os.environ["HTTP_ADDR"].rpartition(":")
    uvicorn.run(
        build(), host=host, port=int(port), loop="uvloop", http="httptools", ws="none", lifespan="off", log_config=None,
        access_log=False, proxy_headers=False, server_header=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
