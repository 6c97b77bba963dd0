"""The processes of a seed: servers on a database or one with a folder, a host, viewers; and what is done to them."""
import collections
import ctypes
import os
import random
import signal
import struct
import subprocess
import time

from fleet_rig import Database, Loopback, Server
from rig import RigError, free_port
from swarm_net import Network
from swarm_peers import Peer

CLONE_NEWNET = 0x40000000
SECONDS, RATE = 150, 22050      # of the track


def make_track(path, seed):
    """Noise that nobody hears; every seed has another."""
    data = random.Random(f"track {seed}").randbytes(2 * RATE * SECONDS)
    with open(path, "wb") as file:
        file.write(b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, 2 * RATE, 2, 16)
                   + b"data" + struct.pack("<I", len(data)) + data)


class Lan(Network):
    """Machines on a bridge; this process is on one of them as long as it stands."""

    def __init__(self):
        super().__init__(100, None)
        self.parted = collections.Counter()

    def __enter__(self):
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        super().__enter__()
        try:
            self._move(self.add("eye", None).holder.pid)
        except BaseException:
            self.close()
            raise
        return self

    def _move(self, pid=None):
        there = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY) if pid else self.home
        if ctypes.CDLL(None, use_errno=True).setns(there, CLONE_NEWNET):
            raise RigError(f"network namespaces cannot be entered here: {os.strerror(ctypes.get_errno())}")
        os.close(there)

    def close(self):
        if self.home is not None:
            self._move()
            self.home = None
        super().close()

    def cut(self, machine, is_cut):
        """Takes a machine's cable out of the bridge, or puts it back; the machine itself is not told."""
        port = f"port{self.machines.index(machine) + 1}"
        self.middle.do("ip", "link", "set", port, *(["nomaster"] if is_cut else ["master", "bridge"]))

    def part(self, one, other, is_cut):
        """Cuts two machines off from each other, or no more; of those who have it so at once, the last one mends it."""
        pair = frozenset((one.address, other.address))
        self.parted[pair] += 1 if is_cut else -1
        if self.parted[pair] != int(is_cut):
            return
        for here, there in ((one, other), (other, one)):
            here.do("ip", "route", "add" if is_cut else "del", "blackhole", f"{there.address}/32")


class Alone:
    """Where there are no namespaces to be had: everyone on loopback."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    @staticmethod
    def add(*_):
        return Loopback


class Place:
    """A host or a viewer, through all its lives."""

    def __init__(self, name, machine, room, small_disk=None):
        self.name, self.machine, self.room, self.small_disk = name, machine, room, small_disk
        self.port = free_port() if machine is Loopback else 9003
        self.lives, self.peer, self.died_at = [], None, None
        self.cache, self.saved, self.home = (os.path.join(room.folder, f"{what}-{name}") for what in ("cache", "saved", "home"))

    @property
    def address(self):
        return f"{self.machine.address}:{self.port}"

    def start(self, *role):
        command = [*self.room.jam, "--name", self.name, "--listen-port", str(self.port), "--output", "null", "--status-every", "0.25",
                   "--server-port", "0" if self.machine is Loopback else "8000", "--no-discovery", "--cache", self.cache, *role]
        os.makedirs(self.home, exist_ok=True)
        if self.small_disk:
            os.makedirs(self.cache, exist_ok=True)
            # In a mount namespace of its own: the disk goes when the peer does.
            command = ["unshare", "--mount", "sh", "-c", f'mount -t tmpfs -o size={self.small_disk} small "$0" && exec "$@"', self.cache, *command]
        self.peer = Peer(f"{self.name}-{len(self.lives) + 1}", self.machine, command, self.room.folder, self.home)
        self.peer.started_at = time.monotonic()
        self.lives.append(self.peer)
        self.died_at = None

    @property
    def is_up(self):
        return self.peer is not None and self.peer.process.poll() is None

    def kill(self):
        self.peer.end(signal.SIGKILL)
        self.peer.process.wait()
        self.died_at = time.monotonic()

    def spoil(self, dice):
        """Damages what lies on its disk; what was done, for the log."""
        done = []
        for folder, _, names in os.walk(os.path.join(self.cache, "tracks")):
            for name in names:
                path = os.path.join(folder, name)
                size = os.path.getsize(path)
                if name == "data" and size:
                    with open(path, "r+b") as file:
                        for _ in range(dice.randrange(1, 20)):
                            at = dice.randrange(size)
                            file.seek(at)
                            old = file.read(1)
                            file.seek(at)
                            file.write(bytes([old[0] ^ dice.randrange(1, 256)]))
                        if dice.random() < 0.3:
                            file.truncate(dice.randrange(size))
                    done.append("data")
                elif name == "manifest" and dice.random() < 0.3:
                    os.truncate(path, dice.randrange(size + 1))
                    done.append("manifest")
        return done


class Room:
    """Everything of one seed."""

    def __init__(self, folder, jam, network, servers, viewers, small, seed, is_plain):
        self.folder, self.jam, self.network = folder, jam, network
        self.track = os.path.join(folder, "song.wav")
        make_track(self.track, seed)
        self.database = None if is_plain else Database(folder, network.add("database", None))
        self.servers = [Server(name, jam, self.database, folder, network.add(name, None)) for name in servers]
        self.host = Place("host", network.add("host", None), self)
        self.viewers = [Place(name, network.add(name, None), self, small.get(name)) for name in viewers]
        self.places = [self.host, *self.viewers]
        self.wanted = set()             # names of those that should run
        self.frozen = []                # processes that are stopped

    def find(self, name):
        if name == "database":
            return self.database
        return next(x for x in [*self.servers, *self.places] if x.name == name)

    def start(self):
        if self.database:
            self.database.start()
        for server in self.servers:
            server.start()
        for server in self.servers:
            server.wait()
        self.live(self.host)
        self.wait(lambda: self.host.peer.report and self.host.peer.report["server_connected"], 30, "the host does not come up")
        for viewer in self.viewers:
            self.live(viewer)
        self.wait(lambda: all(p.peer.report and len(p.peer.report["links"]) == len(self.viewers) for p in self.places), 30, "not everyone is connected to everyone")
        self.wanted = {x.name for x in [*self.servers, *self.places]} | ({"database"} if self.database else set())
        self.host.peer.command("play")
        self.wait(lambda: all(p.peer.report["playback"]["sounding"] for p in self.places), 20, "not everyone plays")

    def wait(self, condition, seconds, words):
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                raise RigError("\n".join([words] + [f"  {p.name}: {line}" for p in self.places if p.peer for _, line in p.peer.said[-3:]]))
            time.sleep(0.05)

    def live(self, place, server=None):
        """Starts a peer, in its first life or a later one, as somebody would who types the same line again."""
        others = [p.address for p in self.places if p is not place]
        if place is self.host:
            place.start("--seed", self.track, "--server", (server or self.servers[0]).url, "--up-limit", "400k")
        else:
            place.start("--save", place.saved, "--connect", *others)

    def revive(self, name, dice):
        if name == "database":
            self.database.begin()
        elif name in (s.name for s in self.servers):
            self.find(name).start()
        else:
            up = [s for s in self.servers if s.process.poll() is None]
            self.live(self.find(name), dice.choice(up or self.servers))

    def tend(self, dice, say):
        """Starts again what has ended by itself while it came up: a supervisor would. What ended after that comes back as a list."""
        ended = []
        for place in self.places:
            if place.name in self.wanted and not place.is_up:
                if place.died_at is None:
                    place.died_at = time.monotonic()
                    words = " / ".join(line for _, line in place.peer.said[-3:])
                    say(f"{place.peer.name} ended by itself ({place.peer.process.returncode}): {words}")
                    if any(r["server_connected"] for _, r in place.peer.reports):
                        ended.append(f"{place.peer.name} ended by itself ({place.peer.process.returncode}): {words}")
                elif time.monotonic() > place.died_at + 0.5:
                    self.revive(place.name, dice)
        for server in self.servers:
            if server.name in self.wanted and server.process.poll() is not None:
                say(f"server {server.name} ended by itself ({server.process.returncode})")
                # One that begins without its database may give up; one that has served may not.
                if time.monotonic() > server.started_at + 15:
                    ended.append(f"server {server.name} ended by itself ({server.process.returncode})")
                server.start()
        if self.database and "database" in self.wanted and self.database.process.poll() is not None:
            # What a killed one leaves behind keeps the next from starting for a moment.
            self.database.begin()
        return ended

    def process(self, name):
        what = self.find(name)
        return what.peer.process if isinstance(what, Place) else what.process

    def freeze(self, name):
        pids = [self.process(name).pid]
        if name == "database":
            with open(f"/proc/{pids[0]}/task/{pids[0]}/children", encoding="ascii") as file:
                pids += [int(pid) for pid in file.read().split()]
        for pid in pids:
            self._signal(pid, signal.SIGSTOP)
        self.frozen += pids
        return pids

    def thaw(self, pids):
        for pid in pids:
            self._signal(pid, signal.SIGCONT)
            self.frozen.remove(pid)

    @staticmethod
    def _signal(pid, number):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    def close(self):
        self.thaw(list(self.frozen))
        living = [p.peer for p in self.places if p.is_up]
        for peer in living:
            peer.end(signal.SIGKILL)
        for place in self.places:
            for life in place.lives:
                life.process.wait()
                life.close()
        for server in self.servers:
            if server.process and server.process.poll() is None:
                server.kill()
        if self.database:
            if self.database.process and self.database.process.poll() is None:
                self.database.kill()
            self.database.close()


def can_make_machines():
    """Whether namespaces are to be had."""
    if os.geteuid() != 0:
        return False
    return subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True, check=False).returncode == 0


