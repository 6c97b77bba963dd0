"""The rig's peers: real processes of the built program, one per machine, and what they say of themselves."""
import json
import os
import signal
import subprocess
import threading
import time

from swarm_net import end_with_parent

TICKS = os.sysconf("SC_CLK_TCK")


class Peer:
    """A process; its reports come in on a thread that only appends."""

    def __init__(self, name, machine, command, folder, home=None):
        """With a `home`, settings of its own there, and who it is outlives it."""
        self.name, self.machine = name, machine
        self.reports = []               # (seconds on CLOCK_MONOTONIC, report)
        self.complete_at = None         # when it said so
        self.said = []
        self.cpu_before, self.sent_before = 0.0, (0, 0)
        self._log = open(os.path.join(folder, f"{name}.log"), "w", encoding="utf-8")
        self._raw = open(os.path.join(folder, f"{name}.jsonl"), "w", encoding="utf-8")
        # Who it is, and what it logs, is nothing of the user's.
        command = [*command, *([] if home else ["--no-identity"]), "--log-file", os.path.join(home, "peer.log") if home else "none"]
        env = {**os.environ, **{f"XDG_{what}_HOME": os.path.join(home, what.lower()) for what in ("CONFIG", "CACHE", "STATE")}} if home else None
        self.process = subprocess.Popen(machine.within(*command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env,
                                        start_new_session=True, preexec_fn=end_with_parent, text=True)
        self._threads = [threading.Thread(target=self._read, args=(stream,), daemon=True)
                         for stream in (self.process.stdout, self.process.stderr)]
        for thread in self._threads:
            thread.start()

    def _read(self, stream):
        for line in stream:
            at = time.monotonic()
            if line.startswith("{"):
                report = json.loads(line)
                self._raw.write(line)
                self.reports.append((report["at_us"] / 1e6, report))
                continue
            self._log.write(f"{at:.3f} {line}")
            self._log.flush()
            self.said.append((at, line.strip()))
            if "is complete and verified" in line:
                self.complete_at = self.complete_at or at

    @property
    def report(self):
        return self.reports[-1][1] if self.reports else None

    def command(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return time.monotonic()

    def cpu(self):
        """Seconds of processor time so far."""
        try:
            with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
                fields = stat.read().rsplit(") ", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / TICKS
        except OSError:
            return self.cpu_before

    def rss_mb(self):
        """The most memory that it has held, MB; and what it holds now."""
        values = {}
        try:
            with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
                for line in status:
                    key, _, value = line.partition(":")
                    if key in ("VmHWM", "VmRSS"):
                        values[key] = int(value.split()[0]) * 1024 / 1e6
        except OSError:
            pass
        return values.get("VmHWM", 0.0), values.get("VmRSS", 0.0)

    def has_track(self):
        track = self.report and self.report.get("track")
        return bool(track and track["chunks"] and track["chunks_have"] == track["chunks"])

    def curve(self, since):
        """(seconds since, chunks) of its track."""
        points = []
        for at, report in list(self.reports):
            if at >= since and report.get("track"):
                points.append((at - since, report["track"]["chunks_have"]))
        return points

    def starts_and_stalls(self, played_at):
        """Seconds from PLAY to the first sound (None: never), how often it ran dry after, and for how long it was silent."""
        start, dry, silent, last = None, 0, 0.0, None
        for at, report in list(self.reports):
            playback = report["playback"]
            if at < played_at:
                continue
            if playback["sounding"] and start is None:
                start = at - played_at
                before = playback["underruns"]
            elif start is not None:
                dry = playback["underruns"] - before
                if not playback["sounding"] and last is not None:
                    silent += at - last
            last = at
        return start, dry, silent

    def end(self, step):
        if self.process.poll() is None:
            try:
                os.killpg(self.process.pid, step)
            except ProcessLookupError:
                pass

    def close(self):
        for thread in self._threads:
            thread.join(2)
        self._log.close()
        self._raw.close()


def end_all(peers, patience=5.0):
    for step in (signal.SIGTERM, signal.SIGKILL):
        for peer in peers:
            peer.end(step)
        until = time.monotonic() + patience
        while time.monotonic() < until and any(peer.process.poll() is None for peer in peers):
            time.sleep(0.02)
    for peer in peers:
        peer.close()
