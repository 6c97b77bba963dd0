"""One seed: a room is made, things happen to it, it is left alone until it is well again, or is not."""
import dataclasses
import hashlib
import os
import random
import shutil
import tempfile
import time

import chaos_check
from chaos_eye import Eye, start_of
from chaos_plan import plan
from chaos_room import Alone, Lan, Room
from chaos_waits import Waits
from fleet_rig import Loopback
from rig import RigError

LATE_S = 0.4            # a step of this program that takes so much longer than it should: the machine did not keep up
CALM_S = 1.5            # how long all must be well before it counts


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Seed:
    def __init__(self, a, seed, folder, sabotage=None):
        self.a, self.seed, self.folder, self.sabotage = a, seed, folder, sabotage
        self.servers = ["a"] if a.plain else [chr(ord("a") + n) for n in range(a.servers)]
        self.viewers = [f"viewer{n + 1}" for n in range(a.viewers)]
        self.dice = random.Random(f"what the schedule leaves open {seed}")
        self.own, self.cuts, self.away, self.commands, self.starved = {}, {}, {}, [], []
        self.broken, self.fleet_ids, self.busy_until, self.log = [], set(), {}, None

    def run(self):
        begun = time.monotonic()
        with open(os.path.join(self.folder, "chaos.log"), "w", encoding="utf-8") as self.log, (Lan() if self.a.has_machines else Alone()) as self.network:
            events, small = plan(self.seed, self.a.seconds, self.servers, not self.a.plain, self.viewers, self.a.has_machines)
            self.say(f"seed {self.seed}; small disks: {small}")
            room = self.room = Room(self.folder, self.a.program, self.network, self.servers, self.viewers, small, self.seed, self.a.plain)
            eye = self.eye = self.waits = None
            try:
                self.waits = Waits(room.places)
                room.start()
                eye = self.eye = Eye([s.url for s in room.servers])
                room.wait(lambda: eye.watcher.state and eye.watcher.state["status"] == "PLAY", 10, "the observer does not get in")
                self.disturb(events)
                well_after = self.rest()
                self.judge()
            finally:
                if self.waits:
                    self.waits.close()
                if eye:
                    eye.close()
                room.close()
        return {"seed": self.seed, "broken": self.broken, "events": len(events), "well_after_s": round(well_after, 1),
                "epochs": len({s["epoch"] for _, s in eye.watcher.seen}), "took_s": round(time.monotonic() - begun, 1)}

    def say(self, words):
        self.log.write(f"{time.monotonic():10.2f} {words}\n")
        self.log.flush()

    def disturb(self, events):
        """Does what the schedule says, when it says it."""
        start, healing, events = time.monotonic(), [], list(events)
        if self.sabotage == "freeze":
            pids = self.room.freeze(self.viewers[0])
            healing.append((start + 3, lambda: self.room.thaw(pids)))
        last = start
        while events or healing or time.monotonic() < start + self.a.seconds:
            now = time.monotonic()
            if now - last > LATE_S:
                self.starved.append((last, now))
            for due in [h for h in healing if h[0] <= now]:
                healing.remove(due)
                due[1]()
            while events and start + events[0].at <= now:
                event = self.aim(events.pop(0))
                self.say(str(event))
                heal = self.do(event) if event.target else None
                if heal:
                    healing.append((now + event.seconds, heal))
            self.broken += self.room.tend(self.dice, self.say)
            last = time.monotonic()
            time.sleep(0.03)
        self.say("left alone")

    def aim(self, event):
        """Finds the owner where that is meant; a server that is in trouble already is left alone."""
        if event.kind == "type":
            return event
        name, now = event.target, time.monotonic()
        if name == "owner":
            name = next((s.name for s in self.room.servers if (self.eye.watcher.url or "").startswith(s.url + "/")), self.servers[0])
        if now < self.busy_until.get(name, 0) or name == event.detail:
            return dataclasses.replace(event, target=None, detail=f"{name} is in trouble already")
        self.busy_until[name] = now + event.seconds + 0.5
        return dataclasses.replace(event, target=name)

    def do(self, event):
        """Breaks something; what mends it again comes back."""
        room, name, now = self.room, event.target, time.monotonic()
        window = (now, now + event.seconds)
        for who in [name] + ([event.detail] if event.kind == "part" else []):
            if event.kind in ("cut", "part"):
                self.cuts.setdefault(who, []).append(window)
            self.away.setdefault(who, []).append(window)
        if event.kind == "type":
            return self.type(event)
        if event.kind == "freeze":
            if name in room.wanted and room.process(name).poll() is None:
                pids = room.freeze(name)
                self.own.setdefault(name, []).append(window)
                return lambda: room.thaw(pids)
            return None
        if event.kind in ("cut", "part"):
            machine = room.find(name).machine
            if event.kind == "cut":
                self.network.cut(machine, True)
                return lambda: self.network.cut(machine, False)
            other = room.find(event.detail).machine
            try:
                self.network.part(machine, other, True)
            except OSError:
                return None
            return lambda: self.network.part(machine, other, False)
        room.wanted.discard(name)
        if event.kind == "drain":
            room.find(name).process.terminate()
        elif room.process(name).poll() is None:
            room.find(name).kill()
        if event.detail:
            self.say(f"spoilt: {room.find(name).spoil(self.dice)}")
        return lambda: self.revive(name)

    def revive(self, name):
        if name in self.servers and self.room.process(name).poll() is None:
            self.say(f"server {name} takes its time to end")
            self.room.find(name).kill()
        self.room.revive(name, self.dice)
        self.room.wanted.add(name)

    def type(self, event):
        """What the host's user types."""
        host = self.room.host
        if not host.is_up:
            return None
        try:
            host.peer.command(event.detail)
            if event.detail == "pause":
                host.peer.command("play")
        except OSError:
            pass
        self.commands.append((time.monotonic(), 2 if event.detail == "pause" else 1))
        return None

    def obeyed(self):
        """From when to when commands had a hand in the playing: a few seconds where they were seen to be carried out at once; one that meets no
        server is asked again for as long as 20 s."""
        for typed, count in self.commands:
            seen = [at for at, state in self.eye.watcher.seen if state["by"] and typed <= at <= typed + 1.5]
            yield typed, seen[count - 1] + chaos_check.OBEYED_S if len(seen) >= count else typed + 25

    def rest(self):
        """Waits until all is well; s that took. What is not well after the patience is broken."""
        start, well_since, wrong = time.monotonic(), None, []
        self.calm_from = start
        last = start
        while (now := time.monotonic()) < start + self.a.patience:
            self.broken += self.room.tend(self.dice, self.say)
            before, wrong = wrong, self.wrong()
            if wrong != before:
                self.say("not yet well: " + "; ".join(wrong) if wrong else "all is well")
            well_since = None if wrong else well_since or now
            if well_since and now - well_since >= CALM_S:
                return well_since - start
            if time.monotonic() - last > LATE_S + 1:
                self.starved.append((last, time.monotonic()))
            last = time.monotonic()
            time.sleep(0.2)
        self.broken += wrong
        return self.a.patience

    def wrong(self):
        """What is not as it should be once all has been mended."""
        room, eye = self.room, self.eye
        words = {s.name: eye.ask(s.url) for s in room.servers}
        row, lives, ids = None, set(), {}
        if room.database:
            try:
                rows = room.database.ask("SELECT owner, epoch FROM jam_room WHERE name = 'jam'")
                lives = {i for i, in room.database.ask("SELECT id FROM jam_server WHERE lease_until > clock_timestamp()")}
                known = room.database.ask("SELECT url, id FROM jam_server ORDER BY started_at")
                self.fleet_ids |= {i for _, i in known}
                ids = {s.name: i for u, i in known for s in room.servers if u.startswith(s.url)}
                row = (rows[0][0], int(rows[0][1])) if rows else ("nobody", 0)
            except RigError as problem:
                return [f"one owner: {problem}"]
        watcher = eye.watcher
        state = watcher.state if watcher.socket is not None else None
        broken = chaos_check.one_owner(words, row, lives, state, ids)
        if state:
            reports = {p.name: p.peer.reports[-1] if p.is_up and p.peer.reports else None for p in room.places}
            broken += chaos_check.one_state(reports, state, len(room.places) + 1, time.monotonic())
            broken += chaos_check.incomplete(reports)
            broken += [f"complete: {v.name} has saved nothing" for v in room.viewers if not self.saved(v)]
        return broken

    @staticmethod
    def saved(place):
        names = os.listdir(place.saved) if os.path.isdir(place.saved) else []
        return [os.path.join(place.saved, n) for n in names if not n.startswith(".")]

    def judge(self):
        """What the whole run must not show."""
        room, seen = self.room, self.eye.watcher.seen
        self.broken += chaos_check.monotone(seen) + chaos_check.owners(seen, self.fleet_ids)
        hashes, commands = {}, list(self.obeyed())
        told = [(at, start_of(state)) for at, state in seen if state["by"] and state["status"] == "PLAY"]
        for place in room.viewers:
            for path in self.saved(place):
                if self.sabotage == "save" and not hashes:
                    with open(path, "r+b") as file:
                        file.seek(1000)
                        byte = file.read(1)
                        file.seek(1000)
                        file.write(bytes([byte[0] ^ 1]))
                hashes[path] = digest(path)
            track = place.peer.report and place.peer.report["track"]
            data = os.path.join(place.cache, "tracks", track["track_id"], "data") if track else ""
            # A small disk holds only part of it, and is seen by its peer alone.
            if not place.small_disk and track and track["is_complete"] and os.path.exists(data):
                hashes[data] = digest(data)
        self.broken += chaos_check.identical({os.path.relpath(p, self.folder): h for p, h in hashes.items()}, digest(room.track))
        for place in room.places:
            own = list(self.own.get(place.name, []))
            others = [w for name, windows in self.away.items() if name in (p.name for p in room.places) and name != place.name for w in windows]
            if room.find(place.name).machine is Loopback:
                others += [w for windows in self.own.values() for w in windows]
            self.broken += chaos_check.gaps(place.name, [life.reports for life in place.lives], own, self.cuts.get(place.name, []), others,
                                            commands, self.starved, told, self.waits.windows[place.name])
        self.say(f"this machine did not keep up: {sum(b - a for a, b in self.starved):.1f} s; commands at work: {sum(b - a for a, b in commands):.1f} s; sound "
                 f"threads waited long {sum(map(len, self.waits.windows.values()))} times")
        for words in self.broken:
            self.say(f"BROKEN {words}")


def run(a, seed, sabotage=None):
    """The result of one seed; its folder stays where something broke and the caller wants it."""
    folder = os.path.join(a.keep, f"seed-{seed}") if a.keep else tempfile.mkdtemp(prefix="swarmjam-chaos-")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    try:
        result = Seed(a, seed, folder, sabotage).run()
    except RigError as problem:
        result = {"seed": seed, "broken": [f"the room: {problem}"], "events": 0, "well_after_s": 0, "epochs": 0, "took_s": 0}
    if not a.keep or (not result["broken"] and not a.keep_all):
        shutil.rmtree(folder, ignore_errors=True)
    return result
