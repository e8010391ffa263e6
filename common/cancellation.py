"""Cancellation that must not get lost on its way to a loop that runs for as long as its program."""

import asyncio


def heed_cancellation() -> None:
    """Raise CancelledError where the running task was cancelled and something below has swallowed that.

    redis-py sends its commands through `asyncio.wait_for`, which on Python 3.11 answers with the result when the
    cancellation comes in the very turn in which that is there. Call it once a turn of a loop around such a client:
    else who cancelled the loop waits for it for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
