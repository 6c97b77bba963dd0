"""A light member of a room: it follows the room from server to server as a peer does, and notes what it was told and when.

Every server of the rig runs on this machine and takes its room's clock from the same monotonic one as this process, so a member
knows the room's clock exactly, and what it sees of a jump is the server's."""
import asyncio
import json
import random
import time

from fleet_wire import Closed, Wire

TRACK = "ab" * 32


def now_us():
    return time.monotonic_ns() // 1000


def start_of(state):
    """When the track began, on this machine's clock; what stands still has no such moment."""
    return state["at_us"] - state["position_us"] if state["status"] == "PLAY" else None


def key_of(state):
    return state["epoch"], state["clock_id"], state["revision"]


class Room:
    def __init__(self, name, urls):
        self.name, self.urls = name, urls
        self.states = {}                # (epoch, clock, revision): the STATE, as any member received it
        self.members = []
        self.asked = []                 # positions that its host asked for, in order

    def take(self, state):
        known = self.states.setdefault(key_of(state), {**state, "seen_us": now_us()})
        # Who comes later is not told whose command it was.
        known["by"] = known["by"] or state["by"]


class Member:
    def __init__(self, room, number):
        self.room, self.is_host, self.name = room, number == 0, f"m{number}"
        room.members.append(self)
        self.welcome = self.state = self.socket = None
        self.urls = [f"{u}/ws/{room.name}" for u in room.urls]
        self.url = None                 # where it is
        self.lost_us = None             # since when it is nowhere
        self.aways = []                 # (from, to, where it was)
        self.hops = []                  # seconds from being told where else the room is to the first STATE there
        self.told_us = self.hop = None
        self.arrivals = []              # (STATE known before, first STATE there)
        self.secrets = set()
        self.errors = {}
        self.is_ending = False

    async def live(self):
        at, rounds, hops = 0, 0, 0
        urls = list(self.urls)
        while not self.is_ending:
            wait = 0.0
            try:
                answer = await self.enter(urls[at % len(urls)])
                if answer is None:
                    while self.hop:                             # beside the connection that has ended, and so on from there
                        hop, self.hop = self.hop, None
                        await hop
                    urls, at, rounds, hops = list(self.urls), 0, 0, 0
                    continue
                if isinstance(answer, list) and hops < 3:       # another has the room
                    urls, at, hops = answer + [u for u in urls if u not in answer], 0, hops + 1
                    continue
                hops = 0
                if isinstance(answer, list) or answer == "moving":
                    wait, rounds = 0.1, 0
                else:
                    at += 1
            except (Closed, asyncio.TimeoutError):
                at += 1
                hops = 0
            # As a peer: a wait follows a round over all addresses, and doubles with each.
            if not wait and at and at % len(urls) == 0:
                wait = min(3, 0.25 * 2 ** rounds * random.uniform(0.5, 1.5))
                rounds += 1
            if wait:
                await asyncio.sleep(wait)

    async def go_over(self, urls):
        """Looks where the room is said to be, beside the connection that stands, as a peer does."""
        for url in urls:
            try:
                answer = await self.enter(url)
            except (Closed, asyncio.TimeoutError):
                continue
            if answer is None:
                return
        self.told_us = None

    async def enter(self, url):
        """None once it was in and is out again; a list of addresses, or an error's code, where it did not get in."""
        wire = await Wire.connect(url, lambda wire, text: self.take(wire, url, text), 2)
        try:
            while True:
                wire.say(json.dumps({"type": "HELLO", "payload": self.hello()}))
                # Before anything is measured there is time: whoever gives up leaves a ghost behind, who may hold the host's place.
                first = json.loads(await asyncio.wait_for(wire.answer(), 5 if self.welcome else 30))
                if first["type"] != "ERROR" or first["payload"]["code"] != "moving" or first["payload"]["close"]:
                    break
                await asyncio.sleep(0.1)
            if first["type"] == "RENDEZVOUS":
                return first["payload"]["urls"]
            if first["type"] != "STATE":
                code = first["payload"].get("code", first["type"])
                self.errors[code] = self.errors.get(code, 0) + 1
                return code
            await wire.lost
            if self.socket is wire:
                self.socket, self.lost_us = None, now_us()
            return None
        finally:
            wire.close()

    def hello(self):
        hello = {"role": "host" if self.is_host else "viewer", "name": self.name}
        if self.welcome:
            hello |= {"peer_id": self.welcome["peer_id"], "resume_token": self.welcome["resume_token"]}
        if self.state:
            timeline = {k: self.state[k] for k in ("epoch", "revision", "clock_id", "status", "track_id", "at_us", "position_us")}
            hello["resume"] = {"timeline": timeline, "track": self.state["track"], "room_time_us": now_us(), "successor_us": now_us(), "error_us": 50}
        return hello

    def arrive(self, url, state):
        now = now_us()
        if self.lost_us:
            self.aways.append((self.lost_us, now, self.url))
        if self.told_us:
            self.hops.append((now - self.told_us) / 1e6)
        if self.lost_us or self.told_us:
            # Judged at the end, when it is known what was a command and what the same music as before.
            self.arrivals.append((self.state, state))
        self.url, self.lost_us, self.told_us = url, None, None
        self.urls = [url] + [u for u in self.urls if u != url]
        self.follow(state)

    def follow(self, state):
        self.state = state
        self.room.take(state)

    def take(self, wire, url, text):
        if text.startswith(b'{"type":"STATE"'):
            state = json.loads(text)["payload"]
            if self.socket is wire:
                self.follow(state)
            else:
                before, self.socket = self.socket, wire
                self.arrive(url, state)
                if before is not None:
                    before.close()
        elif self.socket is not wire:
            return
        elif text.startswith(b'{"type":"WELCOME"'):
            self.welcome = json.loads(text)["payload"]
            self.secrets.add(self.welcome["room_secret"])
        elif text.startswith(b'{"type":"RENDEZVOUS"'):
            told = json.loads(text)["payload"]
            if told["authority_id"] == self.state["clock_id"]:
                self.urls = [self.url] + [u for u in told["urls"] if u != self.url]
            elif told["urls"]:
                # The room is handed on: there at once, without letting go of what stands.
                self.urls = [self.url] + told["urls"]
                if self.told_us is None:
                    self.told_us = now_us()
                    self.hop = asyncio.ensure_future(self.go_over(told["urls"]))

    def say(self, type_, **payload):
        """Says it where it can; whether anyone heard it, a STATE will tell."""
        if self.socket is not None:
            self.socket.say(json.dumps({"type": type_, "payload": payload}))

    def seek(self, position_us):
        self.room.asked.append(position_us)
        self.say("SEEK", position_us=position_us)

    def leave(self):
        self.is_ending = True
        if self.socket is not None:
            self.socket.close()
