"""Cursors: where a page ended, as an opaque text that only this module reads."""

import base64
import binascii

import orjson

from frontend.problems import bad_request

LARGEST = 2**63 - 1


def written(bucket: int, position: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps({"bucket": bucket, "pageState": position})).decode()


def read(cursor: str | None) -> tuple[int, int]:
    """The (bucket, position) after which the page begins; without a cursor before everything. Raises a Problem."""
    if not cursor:
        return (0, 0)
    try:
        state = orjson.loads(base64.b64decode(cursor.encode(), altchars=b"-_", validate=True))
        bucket, position = state["bucket"], state["pageState"]
    except (binascii.Error, ValueError, TypeError, KeyError):
        raise bad_request("pagingState: not a cursor of this listing") from None
    if type(bucket) is not int or type(position) is not int or bucket not in (0, 1) or not 0 <= position <= LARGEST:
        raise bad_request("pagingState: not a cursor of this listing")
    return bucket, position
