"""When the thread that plays waited for a processor, by the kernel's count: what a machine that does not keep up does to a peer is no fault of the
peer's. Part of tools/lab/chaos."""
import os
import threading
import time

EVERY_S = 0.03
LONG_NS = 20_000_000        # half of what such a thread is ahead


class Waits:
    """Watches the sound threads of all peers that live, on a thread of its own."""

    def __init__(self, places):
        """`places`: what has a name and a peer with a process."""
        self.places, self.windows = places, {p.name: [] for p in places}
        self._threads, self._waited = {}, {}
        self._stop = threading.Event()
        self._loop = threading.Thread(target=self._run, daemon=True)
        self._loop.start()

    def close(self):
        self._stop.set()
        self._loop.join()

    def _run(self):
        last = time.monotonic()
        while not self._stop.wait(EVERY_S):
            now = time.monotonic()
            for place in self.places:
                waited = place.peer and self._ask(place.peer.process.pid)
                if waited:
                    self.windows[place.name].append((last, now))
            last = now

    def _ask(self, pid):
        """Whether it has waited long since it was last asked."""
        try:
            path = self._threads.get(pid) or self._find(pid)
            if path is None:
                return False
            with open(path, encoding="ascii") as file:
                total = int(file.read().split()[1])
        except OSError:
            return False
        before, self._waited[pid] = self._waited.get(pid, total), total
        return total - before > LONG_NS

    def _find(self, pid):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/comm", encoding="utf-8") as file:
                if file.read().strip() == "null output":
                    return self._threads.setdefault(pid, f"/proc/{pid}/task/{thread}/schedstat")
        return None
