"""Calls into the library: many sessions side by side, one session's calls one after the other."""

import threading
import traceback
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

Work = Callable[[], None]


class Lanes:
    """A call may block for 75 s and more. It then holds one thread and its own session's lane, nothing else."""

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="call")
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[tuple[int, Work]]] = {}

    def submit(self, session: str, id: int, work: Work) -> None:
        """Run `work` after the calls of the session that came before."""
        with self._lock:
            if session in self._waiting:
                self._waiting[session].append((id, work))
                return
            self._waiting[session] = deque()
        self._pool.submit(self._run, session, work)

    def withdraw(self, id: int) -> bool:
        """Take back a call; False if it has begun or is unknown."""
        with self._lock:
            for calls in self._waiting.values():
                for call in calls:
                    if call[0] == id:
                        calls.remove(call)
                        return True
        return False

    def _run(self, session: str, work: Work) -> None:
        try:
            work()
        except Exception:
            # Whoever waits for the answer runs out of patience; the calls behind this one are not to blame.
            traceback.print_exc()
        with self._lock:
            if not self._waiting[session]:
                del self._waiting[session]
                return
            _, following = self._waiting[session].popleft()
        # Back through the pool, so that a busy session waits its turn like the others.
        self._pool.submit(self._run, session, following)
