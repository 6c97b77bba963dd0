"""A room of whose viewers a third is killed (-9) and replaced all the time, and the host once: does everyone who stays, and everyone
who came last, get the track, bit by bit? The first third is never killed. Part of tools/lab/swarm --churn.
"""
import hashlib
import json
import os
import random
import shutil
import signal
import time

from swarm_net import NetError
from swarm_peers import Peer, end_all

EVERY = 5.0         # seconds between two rounds of killing
PART = 3            # one in so many


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Place:
    """A viewer's machine, and whoever runs there at the moment."""

    def __init__(self, machine, folder):
        self.machine, self.folder = machine, folder
        self.generation = 0
        self.peer = None

    def path(self, what):
        return os.path.join(self.folder, f"{what}-{self.machine.name}")

    def saved(self):
        folder = self.path("saved")
        return [os.path.join(folder, name) for name in os.listdir(folder) if not name.startswith(".")] if os.path.isdir(folder) else []


class Churn:
    def __init__(self, a, network, folder, track, port, say):
        self.a, self.track, self.port, self.say = a, track, port, say
        self.places = [Place(machine, folder) for machine in network.machines]
        self.random = random.Random(a.churn_seed)
        self.kills, self.resumed, self.dead = 0, 0, []

    def start(self, place, *role):
        place.generation += 1
        place.started_at = time.monotonic()
        command = [self.a.jam, "--name", f"{place.machine.name}.{place.generation}", "--listen-port", str(self.port), "--output", "null",
                   "--status-every", "0.5", "--cache", place.path("cache"), *role]
        place.peer = Peer(f"{place.machine.name}-{place.generation}", place.machine, command, place.folder)

    def view(self, place):
        self.start(place, "--save", place.path("saved"), "--connect", f"{self.places[0].machine.address}:{self.port}")

    def host(self):
        self.start(self.places[0], "--seed", self.track, "--no-discovery")

    def kill(self, place):
        place.peer.end(signal.SIGKILL)
        place.peer.process.wait()
        self.dead.append(place.peer)
        self.kills += 1

    def replace(self, place):
        """Every other one comes back to what its predecessor had in the cache, the rest begin with nothing."""
        self.kill(place)
        if self.random.random() < 0.5:
            shutil.rmtree(place.path("cache"), ignore_errors=True)
        else:
            self.resumed += 1
        shutil.rmtree(place.path("saved"), ignore_errors=True)
        self.view(place)

    def wait(self, condition, seconds, words):
        until = time.monotonic() + seconds
        while not condition():
            for place in (p for p in self.places if p.peer):
                if place.peer.process.poll() is not None:
                    raise NetError(f"{place.peer.name} ended by itself (exit code {place.peer.process.returncode}): "
                                   + " / ".join(line for _, line in place.peer.said[-5:]))
            if time.monotonic() > until:
                raise NetError("\n".join([words] + [f"  {p.peer.name}: {line}" for p in self.places if p.peer for _, line in p.peer.said[-3:]]))
            time.sleep(0.05)

    def run(self):
        """The figures of the whole run."""
        viewers = self.places[1:]
        try:
            self.host()
            self.wait(lambda: self.places[0].peer.report and self.places[0].peer.report["server_connected"], 30, "the host does not come up")
            for place in viewers:
                self.view(place)
            begin = time.monotonic()
            rounds = int(self.a.churn_seconds / EVERY)
            for number in range(1, rounds + 1):
                self.wait(lambda at=begin + number * EVERY: time.monotonic() >= at, 2 * EVERY, "")
                victims = self.random.sample(viewers[len(viewers) // PART:], max(1, len(viewers) // PART))
                self.say(f"{number * EVERY:.0f} s: killing " + ", ".join(p.peer.name for p in victims) + (" and the host" if number == rounds // 2 else ""))
                if number == rounds // 2:
                    self.kill(self.places[0])
                    self.host()
                for place in victims:
                    self.replace(place)
            self.wait(lambda: all(p.saved() for p in viewers), 120 + 3 * self.a.churn_seconds, "not everyone who stayed has the track")
            right = digest(self.track)
            wrong = [p.peer.name for p in viewers if any(digest(path) != right for path in p.saved())]
            reports = [p.peer.report["track"] for p in self.places]
            return {
                "viewers": len(viewers), "kills": self.kills, "resumed": self.resumed, "identical": not wrong, "wrong": wrong,
                "took_s": max(p.peer.complete_at or 0 for p in viewers) - begin, "last_kill_s": rounds * EVERY,
                "bad_chunks": sum(r["bad_chunks"] for r in reports), "from_cache": sum(r["chunks_from_cache"] for r in reports[1:]),
                "from_host": sum(r["chunks_from_host"] for r in reports[1:]), "from_peers": sum(r["chunks_from_peers"] for r in reports[1:]),
                "never_killed": [p.peer.name for p in viewers if p.generation == 1],
            }
        finally:
            end_all([*(p.peer for p in self.places if p.peer), *self.dead])


def tell(r):
    print(f"{r['viewers']} viewers, {r['kills']} killed (-9) and replaced in {r['last_kill_s']:.0f} s, the host among them, {r['resumed']} with the "
          f"cache of their predecessor; never killed: {', '.join(r['never_killed']) or 'none'}")
    print(f"everyone complete {r['took_s']:.1f} s after the start; chunks of the last generation: {r['from_cache']} from the cache, "
          f"{r['from_host']} from the host, {r['from_peers']} from each other, {r['bad_chunks']} bad")
    print("every file is bit-identical (SHA-256)" if r["identical"] else "NOT IDENTICAL: " + ", ".join(r["wrong"]))


def measure(a, network, folder, track, port, say):
    """Runs it and tells; the exit code."""
    result = Churn(a, network, folder, track, port, say).run()
    if a.json:
        print(json.dumps(result))
    else:
        tell(result)
    return 0 if result["identical"] else 1
