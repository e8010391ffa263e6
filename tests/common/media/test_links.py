"""Links to stored files: good for whoever has them, until they expire."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from common.media.links import Links

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
MEDIA = uuid4()


def parts(link: str) -> tuple[str, str]:
    query = parse_qs(urlsplit(link).query)
    return query["expires"][0], query["signature"][0]


def test_a_link_is_good_until_it_expires_and_with_the_same_key_only() -> None:
    links = Links("key", "https://pombo.example/")
    link = links.make(MEDIA, NOW + timedelta(hours=1))
    assert link.startswith(f"https://pombo.example/media/{MEDIA.hex}?")
    expires, signature = parts(link)
    assert links.is_valid(MEDIA, expires, signature, NOW)
    assert Links("key", "").is_valid(MEDIA, expires, signature, NOW)
    assert not links.is_valid(MEDIA, expires, signature, NOW + timedelta(hours=1))
    assert not links.is_valid(uuid4(), expires, signature, NOW)
    assert not links.is_valid(MEDIA, str(int(expires) + 1), signature, NOW)
    assert not Links("other", "").is_valid(MEDIA, expires, signature, NOW)


@pytest.mark.parametrize(
    ("expires", "signature"),
    [("", ""), ("-1", "00"), ("1" * 40, "00"), ("٣", "00"), ("99999999999", "é"), ("nan", "x")],
)
def test_rubbish_is_no_link(expires: str, signature: str) -> None:
    assert not Links("key", "").is_valid(MEDIA, expires, signature, NOW)
