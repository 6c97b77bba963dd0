"""Who watches a seed from within: a member that goes from server to server as peers do and keeps every STATE in the order of arrival,
and that asks servers where they think that the room is."""
import asyncio
import json
import threading
import time

from fleet_member import Member, Room
from fleet_wire import Closed, Wire

NOBODY = "00000000-0000-0000-0000-000000000000"
SILENCE = 6.0           # s after which a connection that says nothing is given up


class Watcher(Member):
    """Says nothing but where it was; its clock is declared worse than a peer's, so that the room's goes by theirs."""

    def __init__(self, room):
        super().__init__(room, 1)
        self.name = "watcher"
        self.seen = []                  # (s, STATE), every one, as it came
        self.heard = 0.0

    def hello(self):
        hello = super().hello()
        if "resume" in hello:
            hello["resume"]["error_us"] = 20_000
        return hello

    def take(self, wire, url, text):
        self.heard = time.monotonic()
        if text.startswith(b'{"type":"STATE"'):
            self.seen.append((self.heard, json.loads(text)["payload"]))
        super().take(wire, url, text)

    async def keep(self):
        """Nobody says when a network swallows everything."""
        while not self.is_ending:
            await asyncio.sleep(1)
            self.say("PING")
            if self.socket is not None and time.monotonic() - self.heard > SILENCE:
                self.socket.close()


class Eye:
    """Runs the watcher on a thread of its own."""

    def __init__(self, urls):
        self.watcher = Watcher(Room("jam", urls))
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self._live(),), daemon=True)
        self.thread.start()

    async def _live(self):
        await asyncio.gather(self.watcher.live(), self.watcher.keep())
        # A question that was given up may not have noticed yet.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def ask(self, url, seconds=3):
        """(epoch, authority) by that server's word; None where it does not say, or this machine is too busy to hear it."""
        asked = asyncio.run_coroutine_threadsafe(self._ask(url, seconds), self.loop)
        try:
            return asked.result(seconds + 2)
        except TimeoutError:
            asked.cancel()
            return None

    @staticmethod
    async def _ask(url, seconds):
        until = time.monotonic() + seconds
        try:
            wire = await Wire.connect(f"{url}/ws/jam", lambda *_: None, seconds)
        except Closed:
            return None
        try:
            wire.say(json.dumps({"type": "RENDEZVOUS", "payload": {"epoch": 1, "authority_id": NOBODY, "urls": []}}))
            answer = json.loads(await asyncio.wait_for(wire.answer(), until - time.monotonic()))
            return (answer["payload"]["epoch"], answer["payload"]["authority_id"]) if answer["type"] == "RENDEZVOUS" else None
        except (Closed, asyncio.TimeoutError):
            return None
        finally:
            wire.close()

    def close(self):
        self.loop.call_soon_threadsafe(self.watcher.leave)
        self.thread.join(5)


def start_of(state):
    """When the track began; what stands still has only a position."""
    return state["at_us"] - state["position_us"]


