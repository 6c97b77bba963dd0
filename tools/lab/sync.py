"""Measures from outside what the listeners of a room hear: offsets between their outputs, after a start and after each change.

A sound server of its own records every viewer's output side by side; each viewer runs in a time namespace whose monotonic clock is
seconds to hours away from the others', as on machines that share no clock. See ../README.md.
"""
import argparse
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
import wave

import analysis
from rig import JAM, Rig, RigError, free_port
from selftest import self_test

MAKE_TRACK = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "assets", "make-track")
CLOCKS_AHEAD = [17, 7211, 31, 26003, 301, 90011]    # seconds
LIMIT_US = 1000                                     # what counts as in sync
WINDOW, STEP = 0.2, 0.05                            # seconds; for what happens right after a change


def arguments():
    p = argparse.ArgumentParser(prog="tools/lab/sync", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--viewers", type=int, default=2, metavar="N", help="2 to 8 (default 2)")
    p.add_argument("--seconds", type=float, default=30, metavar="S", help="how long to measure once all sound (default 30)")
    p.add_argument("--mp3", metavar="FILE", help="the track; default: one that is made for the run, VBR with a picture of 500 KiB")
    p.add_argument("--join-after", type=float, metavar="S", help="the last viewer joins S seconds after the others sound")
    p.add_argument("--events", action="store_true", help="after 15 s: pause for 2 s, resume, 10 s on seek, and 10 s more")
    p.add_argument("--kill-host", action="store_true",
                   help="after 10 s the host, and the server in it, is killed (-9); 10 s later it is started again, and 10 s more")
    p.add_argument("--with-host", action="store_true", help="the host sounds too, and is compared with every viewer")
    p.add_argument("--no-time-namespaces", action="store_true", help="all viewers share this machine's clock")
    p.add_argument("--rate", type=int, default=44100, help="sample rate of the sinks (default 44100)")
    p.add_argument("--limit-median-us", type=float, default=300, help="exit code 1 beyond (default 300)")
    p.add_argument("--limit-p95-us", type=float, default=1000, help="exit code 1 beyond (default 1000)")
    p.add_argument("--limit-settle-s", type=float, default=2, help="to be in sync after a join or a change (default 2)")
    p.add_argument("--json", action="store_true", help="one JSON object on standard output")
    p.add_argument("--plot", metavar="FILE.svg", help="draw the offsets")
    p.add_argument("--wav", metavar="FILE.wav", help="keep the recording, two channels a viewer")
    p.add_argument("--jam", metavar="FILE", default=JAM, help="the program to measure (default: tools/jam)")
    p.add_argument("--keep", metavar="DIR", help="keep logs, caches and the raw recording there")
    p.add_argument("--self-test", action="store_true", help="measure sounds whose offsets are known, without peers")
    a = p.parse_args()
    if not 2 <= a.viewers <= 8 or a.seconds < 3:
        p.error("--viewers must be within 2 and 8, --seconds at least 3")
    return a


def make_track(a, rig):
    """Long enough that nothing ends while it is measured."""
    length = 30 + a.seconds + (a.join_after or 0) + (60 if a.events else 0) + (60 if a.kill_host else 0)
    path = os.path.join(rig.folder, "track.mp3")
    rig.note(f"making a track of {length:.0f} s")
    subprocess.run([MAKE_TRACK, "--seconds", str(length), "--vbr", "--picture-kb", "500", "--title", "SwarmJam lab", "--out", path],
                   check=True)
    return path


def answers(port):
    with socket.socket() as s:
        s.settimeout(0.5)
        return s.connect_ex(("127.0.0.1", port)) == 0


class Run:
    """One measurement: what is started when, and when in the recording each thing happened."""

    def __init__(self, a, rig):
        self.a, self.rig, self.events = a, rig, []      # (time, name), times of the recording
        self.started = {}
        self.port = free_port()

    def play(self):
        a, rig = self.a, self.rig
        rig.start_sound()
        rig.start_recording()
        track = a.mp3 or make_track(a, rig)
        self.start_host(track)
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
        if a.kill_host:
            self.rest(10)
            self.note("kill host")
            rig.kill("host")
            self.rest(10)
            self.note("host back")
            self.start_host(track)
            self.rest(10)
        self.rest(a.seconds)

    def start_host(self, track):
        sounds = "host" in self.rig.outputs
        self.host = self.rig.start_peer(
            "host", ["--seed", os.path.abspath(track), "--listen-port", str(self.port), "--no-discovery", "--autoplay", "--output",
                     "pulse" if sounds else "null"], sink="host" if sounds else None, stdin=subprocess.PIPE)
        self.rig.wait(lambda: answers(self.port), 30, "the host does not listen", "host")

    def start_viewer(self, viewer):
        ahead = None if self.a.no_time_namespaces else CLOCKS_AHEAD[self.rig.outputs.index(viewer) % len(CLOCKS_AHEAD)]
        self.started[viewer] = self.rig.now()
        self.rig.start_peer(viewer, ["--connect", f"127.0.0.1:{self.port}", "--output", "pulse", "--headless", "--listen-port", "0"],
                            sink=viewer, clock_ahead=ahead)

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


def evaluate(run):
    a, rig = run.a, run.rig
    rate, sounds = rig.rate, rig.recording()
    end = len(sounds[0]) / rate - 0.3
    result = {"rate": rate, "outputs": rig.outputs, "recorded_s": round(end, 3), "pairs": [], "silences": [], "joins": [],
              "events": [{"name": name, "at_s": round(at, 3)} for at, name in run.events]}
    first = [analysis.first_sound(sound, rate) for sound in sounds]
    # A change disturbs until two seconds after it; a pause until two seconds after what ends it. The host's end disturbs no one.
    disturbed = [(at - 0.2, at + 2) for at, name in run.events if "host" not in name]
    disturbed += [(at, following + 2) for (at, name), (following, _) in zip(run.events, run.events[1:]) if name == "pause"]
    for viewer, sound, start in zip(rig.outputs, sounds, first):
        result["silences"].append({"output": viewer, "gaps": [
            {"at_s": round(at, 3), "ms": round(length * 1e3, 1)}
            for at, length in analysis.silences(sound, rate, start, end)
            if not any(low <= at <= high for low, high in disturbed)]})
    series = []
    for (i, one), (j, other) in itertools.combinations(enumerate(rig.outputs), 2):
        begin = max(first[i], first[j])
        line = analysis.offsets(sounds[i], sounds[j], rate, begin, end)
        steady = [v for at, v in line if at >= begin + 2 and not any(low - 1 < at < high for low, high in disturbed)]
        pair = {"a": one, "b": other, "first_second": summarize_short(sounds, i, j, rate, begin, end)[0],
                "steady": analysis.summary(steady), "after": []}
        for at, name in run.events:
            if name == "pause":
                continue
            summary, points = summarize_short(sounds, i, j, rate, at, end, follow=4)
            pair["after"].append({"name": name, "first_second": summary, "in_sync_after_s": settled(points, at)})
        result["pairs"].append(pair)
        series.append((f"{one} - {other}", line))
        if a.join_after and other == rig.outputs[-1]:
            since = run.started[other]
            points = analysis.offsets(sounds[i], sounds[j], rate, since, min(end, since + 8), WINDOW, STEP)
            result["joins"].append({"viewer": other, "against": one, "sounds_after_s": round(first[j] - since, 2),
                                    "in_sync_after_s": settled(points, since)})
    result["misses"] = misses(a, result)
    if a.plot:
        marks = run.events + ([(run.started[rig.outputs[-1]], "join")] if a.join_after else [])
        analysis.plot(a.plot, series, marks, "Offset of each pair of outputs, one point a second")
    return result


def settled(points, since):
    """Seconds from an instant to the end of the first window from which on all are in sync."""
    at = analysis.settled(points, LIMIT_US)
    return None if at is None else round(at + WINDOW - since, 2)


def summarize_short(sounds, i, j, rate, at, end, follow=1):
    """The second after an instant in steps of 50 ms (windows of 0.2 s), and the points of `follow` seconds."""
    points = analysis.offsets(sounds[i], sounds[j], rate, at, min(end, at + follow), WINDOW, STEP)
    return analysis.summary([v for t, v in points if t + WINDOW <= at + 1]), points


def misses(a, result):
    """What lies beyond the limits, in words."""
    out = []
    for pair in result["pairs"]:
        name, steady = f"{pair['a']} - {pair['b']}", pair["steady"]
        if steady is None or steady["unmatched"]:
            out.append(f"{name}: {'all' if steady is None else steady['unmatched']} windows do not match")
        if steady and steady["median_us"] > a.limit_median_us:
            out.append(f"{name}: median {steady['median_us']:.0f} us > {a.limit_median_us:.0f}")
        if steady and steady["p95_us"] > a.limit_p95_us:
            out.append(f"{name}: p95 {steady['p95_us']:.0f} us > {a.limit_p95_us:.0f}")
        for after in pair["after"]:
            if after["in_sync_after_s"] is None or after["in_sync_after_s"] > a.limit_settle_s:
                out.append(f"{name}: after {after['name']} in sync after {after['in_sync_after_s']} s > {a.limit_settle_s:g}")
    for join in result["joins"]:
        if join["in_sync_after_s"] is None or join["in_sync_after_s"] > a.limit_settle_s:
            out.append(f"{join['viewer']}: in sync with {join['against']} {join['in_sync_after_s']} s after its start > {a.limit_settle_s:g}")
    for silent in result["silences"]:
        if silent["gaps"]:
            out.append(f"{silent['output']}: {len(silent['gaps'])} unexpected silences")
    return out


def words(summary):
    if summary is None:
        return "nothing matched"
    unmatched = f", {summary['unmatched']} unmatched" if summary["unmatched"] else ""
    return (f"median {summary['median_us']:.0f}, p95 {summary['p95_us']:.0f}, max {summary['max_us']:.0f} us, "
            f"mean {summary['mean_signed_us']:+.0f} ({summary['windows']} windows{unmatched})")


def tell(result):
    for pair in result["pairs"]:
        print(f"{pair['a']} - {pair['b']}")
        print(f"  first second   {words(pair['first_second'])}")
        print(f"  from then on   {words(pair['steady'])}")
        for after in pair["after"]:
            settle = "never" if after["in_sync_after_s"] is None else f"after {after['in_sync_after_s']} s"
            print(f"  {after['name']:<14} {words(after['first_second'])}; in sync {settle}")
    for join in result["joins"]:
        settle = "never" if join["in_sync_after_s"] is None else f"{join['in_sync_after_s']} s"
        print(f"{join['viewer']} joined: sound {join['sounds_after_s']} s after its start, in sync with {join['against']} {settle} after it")
    for silent in result["silences"]:
        gaps = ", ".join(f"{gap['ms']:g} ms at {gap['at_s']:g} s" for gap in silent["gaps"][:8]) or "none"
        print(f"unexpected silences of {silent['output']}: {gaps}")
    print("within the limits" if not result["misses"] else "beyond the limits:\n  " + "\n  ".join(result["misses"]))


def keep_wav(path, rig):
    with open(rig.raw, "rb") as raw, wave.open(path, "wb") as out:
        out.setnchannels(rig.channels)
        out.setsampwidth(2)
        out.setframerate(rig.rate)
        out.writeframes(raw.read())


def main():
    a = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    begun = time.monotonic()
    outputs = ["host"] * a.with_host + [f"v{i + 1}" for i in range(a.viewers)]
    try:
        with Rig(outputs, a.rate, a.jam, a.keep) as rig:
            rig.note = lambda text: print(f"[{time.monotonic() - begun:6.1f} s] {text}", file=sys.stderr, flush=True)
            if a.self_test:
                return self_test(rig)
            run = Run(a, rig)
            run.play()
            rig.note("analysing")
            if a.wav:
                keep_wav(a.wav, rig)
            rig.stop(["host", *outputs])
            result = evaluate(run)
    except RigError as e:
        print(e, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    if a.json:
        print(json.dumps(result))
    else:
        tell(result)
    return 1 if result["misses"] else 0


sys.exit(main())
