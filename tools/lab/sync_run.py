"""One measurement of tools/lab/sync: which processes are started where and when, and when in the recording each thing happened."""
import json
import os
import socket
import subprocess
import wave

import analysis
from fleet_rig import Database, Server
from link_net import LinkNetwork, parse
from rig import free_port

MAKE_TRACK = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "assets", "make-track")
CLOCKS_AHEAD = [17, 7211, 31, 26003, 301, 90011]    # seconds
SHOWN_EVERY = 0.5                                   # seconds between what a viewer says of itself
ONCE_SECONDS = 300                                  # a longer track repeats one of this length


def make_track(rig, length, name="track"):
    """Long enough that nothing ends while it is measured."""
    path = os.path.join(rig.folder, f"{name}.mp3")
    rig.note(f"making a track of {length:.0f} s")
    command = [MAKE_TRACK, "--seconds", str(min(length, ONCE_SECONDS)), "--vbr", "--picture-kb", "500", "--title", f"SwarmJam lab, {name}", "--out", path]
    subprocess.run(command, check=True)
    if length > ONCE_SECONDS:
        # Repeated before it is encoded: an encoder begins with silence. At a constant rate, since that is quick to make.
        subprocess.run(["lame", "--silent", "--decode", path, path + ".wav"], check=True)
        with wave.open(path + ".wav") as once:
            sound, rate = once.readframes(once.getnframes()), once.getframerate()
            channels = once.getnchannels()
        encoder = subprocess.Popen(["lame", "--silent", "-r", "-s", str(rate / 1000), "-m", "m" if channels == 1 else "j", "-f", "-b", "192", "--cbr",
                                    "--noreplaygain", "-", path], stdin=subprocess.PIPE)
        for _ in range(int(length / ONCE_SECONDS) + 1):
            encoder.stdin.write(sound)
        encoder.stdin.close()
        if encoder.wait():
            raise SystemExit("lame could not make the track")
        os.remove(path + ".wav")
    return path


class Run:
    """A room of SwarmJam. Times are those of the recording."""

    title = "SwarmJam"
    autoplays = True

    def __init__(self, a, rig):
        self.a, self.rig, self.events = a, rig, []      # (time, name)
        self.started = {}
        self.port = free_port()
        self.network = None
        self.machines = {}
        self.viewers = {}
        self.fleet, self.database = [], None

    def play(self):
        try:
            self._play()
        finally:
            self.rig.stop([*self.names(), *self.rig.outputs])
            for server in self.fleet:
                server.stop(3)
            if self.database:
                self.database.close()
            if self.network:
                self.network.close()

    def names(self):
        """Processes of this run beside the outputs."""
        return ["host", "server"]

    def _play(self):
        a, rig = self.a, self.rig
        rig.start_sound(a.device_ppm, a.hog, unsteady := self.unsteady())
        rig.start_recording()
        length = 30 + a.seconds + (a.join_after or 0) + (60 if a.events else 0) + (60 if a.kill_host or a.kill_server or a.kill_both or a.fleet else 0)
        length += 60 if a.next or a.lose_device else 0
        self.tracks = [os.path.abspath(a.mp3) if a.mp3 else make_track(rig, length), *([make_track(rig, 90, "second")] if a.next else [])]
        self.connect_machines()
        if a.hog:
            rig.start_hogs()
        self.start_host()
        late = rig.outputs[-1:] if a.join_after else []
        early = [v for v in rig.outputs if v not in late]
        for viewer in early:
            if viewer != "host":
                self.start_viewer(viewer)
        self.wait_for_sound(early)
        if late:
            self.rest(a.join_after)
            for viewer in late:
                self.start_viewer(viewer)
            self.wait_for_sound(late)
        if a.events:
            self.rest(15)
            self.command("pause")
            self.rest(2)
            self.command("resume")
            self.rest(10)
            self.command("seek 12.5")
            self.rest(10)
        if a.next:
            self.rest(15)
            self.command(f"seek {length - 8:.1f}")
            self.rest(7)
            self.note("the track ends")
            self.rest(12)
            self.command("previous")
            self.rest(10)
            self.command("next")
            self.rest(10)
        if a.lose_device:
            self.lose_device(rig.cables[unsteady])
        if a.kill_host:
            self.rest(10)
            self.note("kill host")
            rig.kill("host")
            self.rest(10)
            self.note("host back")
            self.start_host()
            self.rest(10)
        if a.kill_server:
            self.rest(10)
            self.note("kill server")
            rig.kill("server")
            self.rest(30)
            self.pause([self.host])
        if a.fleet:
            self.rest(10)
            self.note("kill -9 the servers")
            for server in self.fleet:
                self.rig.note(f"server {server.name}")
                server.kill()
                self.rest(0.2)
                server.start()
                self.rest(0.8)
            self.rest(15)
        if a.kill_both:
            self.rest(10)
            self.note("kill host and server")
            for name in ["server", "host"] if a.server_apart else ["host"]:
                rig.kill(name)
            # The first in order takes the room over after 8 s; the host's place is free 10 s after it was lost.
            self.rest(18)
            self.pause([self.viewers[v] for v in rig.outputs if v in self.viewers])
        self.rest(a.seconds)
        self.ended = rig.now() - 0.3

    def pause(self, peers):
        """Every peer is told to; the one that is the host does, the others may not."""
        for line in ("pause", "resume"):
            self.note(line)
            for peer in peers:
                peer.stdin.write((line + "\n").encode())
                peer.stdin.flush()
            self.rest(2 if line == "pause" else 10)

    def unsteady(self):
        return next(v for v in self.rig.outputs if v != "host") if self.a.lose_device else None

    def lose_device(self, cable):
        for seconds, line, change in ((10, "device lost", cable.cut), (6, "device back", cable.mend)):
            self.rest(seconds)
            self.note(line)
            change()
        self.rest(12)

    def connect_machines(self):
        if not self.a.link:
            return
        self.network = LinkNetwork(parse(self.a.link))
        for name in dict.fromkeys(["host", *(["server"] if self.a.server_apart else []), *self.rig.outputs]):
            self.machines[name] = self.network.add(name)
        self.network.connect()

    def address(self, name):
        return self.machines[name].address if name in self.machines else "127.0.0.1"

    def where(self, viewer):
        """What makes a viewer's machine: its network and its clock."""
        index = self.rig.outputs.index(viewer) - ("host" in self.rig.outputs)
        ppm = self.a.clock_ppm
        return {"sink": viewer, "machine": self.machines.get(viewer), "clock_ppm": ppm[index % len(ppm)] if ppm else 0,
                "clock_ahead": None if self.a.no_time_namespaces else CLOCKS_AHEAD[index % len(CLOCKS_AHEAD)]}

    def start_host(self):
        sounds = "host" in self.rig.outputs
        arguments = ["--seed", *self.tracks, "--listen-port", str(self.port), "--no-discovery", *(["--autoplay"] if self.autoplays else []), "--output",
                     "pulse" if sounds else "null"]
        if self.a.server_apart:
            if "server" not in self.started:
                self.started["server"] = self.rig.now()
                self.rig.start_apart("server", [self.rig.jam, "server", "--port", "8000"], machine=self.machines["server"])
                self.wait_until_listening("server", 8000)
            arguments += ["--server", f"ws://{self.address('server')}:8000"]
        if self.a.fleet:
            self.start_fleet()
            arguments += ["--server", self.fleet[0].url]
        self.host = self.rig.start_peer("host", arguments, sink="host" if sounds else None, machine=self.machines.get("host"),
                                        stdin=subprocess.PIPE)
        self.wait_until_listening("host", self.port)

    def start_fleet(self):
        """Three servers on a database, all beside the host."""
        self.database = Database(self.rig.folder)
        self.database.start()
        self.fleet = [Server(name, [self.rig.jam], self.database, self.rig.folder) for name in "abc"]
        for server in self.fleet:
            server.start()
        for server in self.fleet:
            server.wait()

    def start_viewer(self, viewer):
        self.started[viewer] = self.rig.now()
        # One that may have to command reads its commands from a pipe.
        stdin = subprocess.PIPE if self.a.kill_both else subprocess.DEVNULL
        self.viewers[viewer] = self.rig.start_peer(
            viewer, ["--connect", f"{self.address('host')}:{self.port}", "--output", "pulse", "--listen-port", "0",
                     *([] if self.a.kill_both else ["--headless"]), "--status-every", str(SHOWN_EVERY),
                     *(["--lab-keep-first-clock"] if self.a.control else [])],
            **self.where(viewer), stdin=stdin)

    def shown(self, viewer):
        """What a viewer said of its own error, as (time, us off, us uncertain); by its own clock since its start, good to some 0.3 s."""
        out = []
        with open(self.rig.logs[viewer], encoding="utf-8", errors="replace") as log:
            for line in log:
                if not line.startswith("{"):
                    continue
                try:
                    report = json.loads(line)
                except ValueError:
                    continue
                playback = report["playback"]
                if playback["sounding"] and playback["sync_error_us"] is not None and playback["sync_uncertainty_us"] is not None:
                    out.append((self.started[viewer] + report["uptime_us"] / 1e6, playback["sync_error_us"], playback["sync_uncertainty_us"]))
        return out

    def wait_until_listening(self, name, port):
        self.rig.wait(lambda: self.answers(name, port), 30, f"the {name} does not listen", name)

    def answers(self, name, port):
        if name in self.machines:
            attempt = self.machines[name].within("bash", "-c", f"exec 3<>/dev/tcp/{self.address(name)}/{port}")
            return subprocess.run(attempt, stderr=subprocess.DEVNULL, check=False).returncode == 0
        with socket.socket() as s:
            s.settimeout(0.5)
            return s.connect_ex(("127.0.0.1", port)) == 0

    def wait_for_sound(self, viewers):
        self.rig.note("waiting for " + ", ".join(viewers))
        since = self.rig.now()

        def all_sound():
            sounds = self.rig.recording(since)
            return all(analysis.first_sound(sounds[self.rig.outputs.index(v)], self.rig.rate) is not None for v in viewers)

        self.rig.wait(all_sound, 40, "not every viewer sounds", "host", *viewers)

    def rest(self, seconds):
        """Lets the recording go on; by its own clock, so that nothing is lost where the machine is slow."""
        until = self.rig.now() + seconds
        self.rig.wait(lambda: self.rig.now() >= until, 3 * seconds + 10, "the recording stands still", "parecord")

    def note(self, line):
        self.events.append((self.rig.now(), line))
        self.rig.note(line)

    def command(self, line):
        self.note(line)
        self.host.stdin.write((line + "\n").encode())
        self.host.stdin.flush()
