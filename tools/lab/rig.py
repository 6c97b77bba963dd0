"""The rig's processes: a sound server of its own, a recorder, a host and viewers. It ends what it started and nothing else."""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from cable import Cable
from sound import recorded

HERE = os.path.dirname(os.path.abspath(__file__))
JAM = os.path.join(os.path.dirname(HERE), "jam")


class RigError(Exception):
    """Something that the rig cannot go on without; says what."""


def _end_with_parent():
    """A child ends with the rig, however the rig ends (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Rig:
    """Everything lives in one folder under the temporary one; `keep` is a folder to work in instead, which then stays."""

    def __init__(self, outputs, rate, jam=JAM, keep=None, traces=False):
        self.traces = traces
        self.outputs, self.rate, self.channels, self.jam = outputs, rate, 2 * len(outputs), jam
        self.processes = []             # (name, process), in the order of their start
        self.logs = {}
        self.cables = {}                # output: Cable
        self._keeps = keep is not None
        if keep:
            os.makedirs(keep, exist_ok=True)
        self.folder = keep or tempfile.mkdtemp(prefix="swarmjam-lab-")
        self.socket = os.path.join(tempfile.mkdtemp(prefix="sj-"), "native")   # a short path: sockets allow about 100 characters
        self.raw = os.path.join(self.folder, "recording.raw")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start(self, name, command, env=None, stdin=subprocess.DEVNULL, stdout=None):
        """Starts a process in a session of its own, its words in a log of its own."""
        log = self.logs[name] = os.path.join(self.folder, f"{name}.log")
        with open(log, "wb") as words:
            process = subprocess.Popen(command, env={**os.environ, **(env or {})}, stdin=stdin, stdout=stdout or words, stderr=words,
                                       start_new_session=True, preexec_fn=_end_with_parent)
        self.processes.append((name, process))
        return process

    def start_sound(self, device_ppm=0, ahead_of_others=False, cable_for=None):
        """One null sink with two channels per output, and a stereo sink for each mapped onto its two.

        The sink goes by the sound server's steady clock, so a server whose clock is fast has a device that is. One output may be reached
        by a cable that can be cut."""
        home = os.path.join(self.folder, "pulse")
        os.makedirs(home, mode=0o700, exist_ok=True)
        names = [f"aux{i}" for i in range(self.channels)]
        command = ["pulseaudio", "-n", "--exit-idle-time=-1", "--daemonize=no", "--use-pid-file=no", "--log-target=stderr",
                   "-L", f"module-native-protocol-unix socket={self.socket} auth-anonymous=1",
                   "-L", f"module-null-sink sink_name=lab rate={self.rate} channels={self.channels} channel_map={','.join(names)}"]
        for index, output in enumerate(self.outputs):
            command += ["-L", f"module-remap-sink sink_name={output} master=lab channels=2 channel_map=front-left,front-right "
                              f"master_channel_map={names[2 * index]},{names[2 * index + 1]} remix=no"]
        if cable_for:
            port = free_port()
            command += ["-L", f"module-native-protocol-tcp port={port} listen=127.0.0.1 auth-anonymous=1"]
            self.cables[cable_for] = Cable(port)
        self.ahead = ["chrt", "--rr", "5"] if ahead_of_others else []
        self.start("pulseaudio", [*self.ahead, *command], {
            **self.clock_env(device_ppm),
            "HOME": home, "XDG_RUNTIME_DIR": home, "XDG_CONFIG_HOME": home, "PULSE_RUNTIME_PATH": home, "PULSE_STATE_PATH": home,
            "DBUS_SESSION_BUS_ADDRESS": "disabled:", "DISPLAY": ""})
        self.wait(lambda: os.path.exists(self.socket) and self._pactl("info"), 15, "the sound server did not start", "pulseaudio")
        if self._pactl("list", "short", "sinks").count("\n") != 1 + len(self.outputs):
            self.fail("the sound server lacks a sink", "pulseaudio")

    def _pactl(self, *arguments):
        done = subprocess.run(["pactl", *arguments], env={**os.environ, **self.pulse_env()}, capture_output=True, text=True, check=False)
        return done.stdout if done.returncode == 0 else ""

    def pulse_env(self, sink=None):
        env = {"PULSE_SERVER": f"tcp:127.0.0.1:{self.cables[sink].port}" if sink in self.cables else f"unix:{self.socket}"}
        if sink:
            env["PULSE_SINK"] = sink
        return env

    def start_recording(self, latency_ms=100):
        """Records the sink; what is heard stands in the file so many milliseconds later at most, and `now` lags by as much."""
        names = ",".join(f"aux{i}" for i in range(self.channels))
        with open(self.raw, "wb") as raw:
            self.start("parecord", [*self.ahead, "parecord", "--raw", "--device=lab.monitor", "--format=s16le", f"--rate={self.rate}",
                                    f"--channels={self.channels}", f"--channel-map={names}", f"--latency-msec={latency_ms}"],
                       self.pulse_env(), stdout=raw)
        self.wait(lambda: self.now() > 0.2, 15, "nothing is recorded", "parecord")
        # The wall clock at the recording's beginning, as far as a file's growth tells.
        self.began_at = time.time() - self.now()

    def now(self):
        """Seconds recorded so far: the clock that events are noted by, good to about 0.1 s."""
        return os.path.getsize(self.raw) / (2 * self.channels * self.rate)

    def recording(self, since=0.0):
        """What was recorded after an instant, one sound per output."""
        return recorded(self.raw, self.channels, int(since * self.rate))

    def start_peer(self, name, arguments, **where):
        """A peer of SwarmJam; `where` as `start_apart` takes it."""
        command = [self.jam, "--name", name, "--cache", os.path.join(self.folder, f"cache-{name}"), *arguments]
        if self.traces:
            command += ["--lab-trace", self.trace(name)]
        return self.start_apart(name, command, **where)

    def trace(self, name):
        """Where a peer writes down what its clock and its output measure."""
        return os.path.join(self.folder, f"{name}.trace")

    def start_apart(self, name, command, sink=None, clock_ahead=None, clock_ppm=0, machine=None, stdin=subprocess.DEVNULL):
        """A process on a machine of its own: with a network (a Machine), a clock that is seconds ahead and by some millionths fast."""
        if clock_ahead is not None:
            user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
            ahead = str(int(clock_ahead))
            command = ["unshare", *user, "--time", "--monotonic", ahead, "--boottime", ahead, "--fork", "--kill-child", *command]
        env = {**(self.pulse_env(sink) if sink else {}), **self.clock_env(clock_ppm), **self.user_env(name)}
        return self.start(name, machine.within(*command) if machine else command, env, stdin)

    def user_env(self, name):
        """Settings and caches of its own: what this machine's user has saved must not be heard."""
        return {f"XDG_{what}_HOME": os.path.join(self.folder, f"home-{name}", what.lower()) for what in ("CONFIG", "CACHE", "STATE")}

    def clock_env(self, ppm):
        """What makes a process's steady clocks fast by some millionths; see clock_rate.c."""
        if not ppm:
            return {}
        library = os.path.join(self.folder, "clock_rate.so")
        if not os.path.exists(library):
            subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", library, os.path.join(HERE, "clock_rate.c"), "-ldl"], check=True)
        return {"LD_PRELOAD": library, "JAM_CLOCK_PPM": str(ppm)}

    def start_hogs(self):
        """Keeps every processor busy. Sound servers and recorders run ahead of ordinary programs on a machine of today, so here, too."""
        for i in range(os.cpu_count()):
            self.start(f"hog{i}", ["sh", "-c", "while :; do :; done"])

    def wait(self, condition, seconds, words, *logs):
        """Waits for a condition; ends with what the named processes said where it does not come, or where one of them has ended."""
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                self.fail(words, *logs)
            self.check()
            time.sleep(0.05)

    def check(self):
        """Fails where a process ended by itself."""
        for name, process in self.processes:
            if process.poll() is not None:
                self.fail(f"{name} ended by itself (exit code {process.returncode})", name)

    def fail(self, words, *logs):
        said = []
        for name in logs:
            with open(self.logs[name], encoding="utf-8", errors="replace") as log:
                said += [f"  {name}: {line}" for line in log.read().splitlines()[-15:]]
        raise RigError("\n".join([words, *said]))

    def stop(self, names=None, patience=5.0):
        """Asks processes to end (SIGTERM to the group that each was started as), then makes them."""
        chosen = [(n, p) for n, p in self.processes if names is None or n in names]
        self.processes = [entry for entry in self.processes if entry not in chosen]
        for step in (signal.SIGTERM, signal.SIGKILL):
            for _, process in reversed(chosen):
                if process.poll() is None:
                    try:
                        os.killpg(process.pid, step)
                    except ProcessLookupError:
                        pass
            until = time.monotonic() + patience
            while time.monotonic() < until and any(process.poll() is None for _, process in chosen):
                time.sleep(0.02)

    def kill(self, name):
        """Ends a process that the rig started, without a word (SIGKILL)."""
        for entry in [e for e in self.processes if e[0] == name]:
            self.processes.remove(entry)
            os.killpg(entry[1].pid, signal.SIGKILL)
            entry[1].wait()

    def close(self):
        self.stop([n for n, _ in self.processes if n not in ("pulseaudio", "parecord")])
        self.stop()
        shutil.rmtree(os.path.dirname(self.socket), ignore_errors=True)
        if not self._keeps:
            shutil.rmtree(self.folder, ignore_errors=True)
