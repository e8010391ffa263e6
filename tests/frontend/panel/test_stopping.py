"""A frontend that is asked to stop does not wait for open pages."""

import http.client
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from tests.frontend.gateway import PARTNER_TOKEN
from tests.frontend.process import running
from tests.waiting import PATIENCE


def test_an_open_page_hears_news_and_does_not_keep_its_frontend_from_stopping(
    database: str, redis_url: str, tmp_path: Path
) -> None:
    with running(database, redis_url, tmp_path) as frontend:
        connection = http.client.HTTPConnection(urlsplit(frontend.url).netloc, timeout=PATIENCE)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/panel/login", urlencode({"token": PARTNER_TOKEN}), form)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 303
        cookie = answer.headers["set-cookie"].partition(";")[0]
        connection.request("GET", "/panel/system", headers={"Cookie": cookie, "Accept": "text/event-stream"})
        page = connection.getresponse()
        assert page.headers["content-type"].startswith("text/event-stream")
        while not page.readline().startswith(b"event: part"):
            pass
        assert frontend.stop() == 0
        connection.close()
