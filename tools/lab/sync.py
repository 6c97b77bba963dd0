"""Measures from outside what the listeners of a room hear: offsets between their outputs, after a start and after each change.

A sound server of its own records every viewer's output side by side. Each viewer has a clock of its own: seconds to hours away from
the others' (a time namespace), and fast or slow by some millionths (a preloaded clock_gettime). See ../README.md.
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import time
import wave

import link_net
from clicks import ClickRun, tell_clicks
from rig import JAM, Rig, RigError
from selftest import self_test
from snapcast_run import SnapcastRun
from swarm_net import NetError
from sync_report import evaluate, tell, tell_beside
from sync_run import Run

# p95, maximum, first second: us. What is promised for a wired network, for a bad one, and with every processor busy.
PROMISED, PROMISED_ON_LINK, PROMISED_BUSY = (30, 80, 100), (100, 250, 250), (50, 150, 150)
CI_SECONDS = 12
CI_LIMITS = {"limit_p95_us": 1000, "limit_max_us": 10000, "limit_first_us": 10000, "limit_silences": 20, "limit_shown": 0}
DEVICE_US = 15                                      # more where the device is off its rate


def arguments():
    p = argparse.ArgumentParser(prog="tools/lab/sync", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--viewers", type=int, default=2, metavar="N", help="2 to 8 (default 2)")
    p.add_argument("--seconds", type=float, default=60, metavar="S", help="how long to measure once all sound (default 60)")
    p.add_argument("--mp3", metavar="FILE", help="the track; default: one that is made for the run, VBR with a picture of 500 KiB")
    p.add_argument("--link", metavar="LINK", help="host and viewers on machines of their own: " + link_net.HELP.replace("%", "%%"))
    p.add_argument("--server-apart", action="store_true", help="with --link: the rendezvous on a machine of its own, too")
    p.add_argument("--clock-ppm", default="30,-30", metavar="A,B", help="by how many millionths the viewers' clocks are fast (default 30,-30)")
    p.add_argument("--device-ppm", type=float, default=0, metavar="N", help="by how many millionths the sound device is fast (default 0)")
    p.add_argument("--no-time-namespaces", action="store_true", help="no clock is hours off")
    p.add_argument("--control", "--no-drift-estimation", action="store_true",
                   help="the viewers keep their first estimate of the room's clock: this must fail, or the measurement proves nothing")
    p.add_argument("--against", choices=["snapcast"], help="measure Debian's snapserver and snapclient in the same rig, too")
    p.add_argument("--join-after", type=float, metavar="S", help="the last viewer joins S seconds after the others sound")
    p.add_argument("--events", action="store_true", help="after 15 s: pause for 2 s, resume, 10 s on seek, and 10 s more")
    p.add_argument("--next", action="store_true",
                   help="a second track: after 15 s to the first one's end, which the second follows by itself, then back, then on")
    p.add_argument("--lose-device", action="store_true",
                   help="after 10 s the first viewer's sound device is taken away; it comes back 6 s later, and 12 s more")
    p.add_argument("--kill-host", action="store_true",
                   help="after 10 s the host, and the server in it, is killed (-9); 10 s later it is started again, and 10 s more")
    p.add_argument("--clicks", action="store_true",
                   help="the metronome alone, the metronome over a click track, and the loop, a third of the time each, in the place of music")
    p.add_argument("--kill-server", action="store_true",
                   help="with --server-apart: after 10 s the server is killed (-9) and stays away; 30 s later the host pauses for 2 s, and 10 s more")
    p.add_argument("--fleet", action="store_true",
                   help="three servers on a PostgreSQL: after 10 s each is killed (-9) and started again, one a second; 15 s more")
    p.add_argument("--kill-both", action="store_true",
                   help="after 10 s host and server are killed (-9) and stay away; 18 s later whoever is the host then pauses for 2 s, and 10 s more")
    p.add_argument("--ci", action="store_true",
                   help="12 s with wide limits, measured again once where they are missed: for machines that are busy, or lack time namespaces")
    p.add_argument("--hog", action="store_true", help="every processor is kept busy meanwhile")
    p.add_argument("--with-host", action="store_true", help="the host sounds too, and is compared with every viewer")
    p.add_argument("--rate", type=int, default=44100, help="sample rate of the sinks (default 44100)")
    for name, words in (("p95", "95 of 100 seconds"), ("max", "every second"), ("first", "the first second")):
        p.add_argument(f"--limit-{name}-us", type=float, help=f"exit code 1 where {words} lie beyond (default: by what is measured)")
    p.add_argument("--limit-after-us", type=float, help="exit code 1 where the first second after a change lies beyond (default 50; 250 with --link)")
    p.add_argument("--limit-drift-us", type=float, default=20, help="how far the medians of a long run may lie apart (default 20)")
    p.add_argument("--limit-shown", type=float, default=0.5, metavar="SHARE",
                   help="in what share of the seconds the viewers' own figures must not be below the measured one (default 0.5)")
    p.add_argument("--limit-silences", type=int, default=0, help="how many silences nobody asked for are borne (default 0)")
    p.add_argument("--limit-settle-s", type=float, default=2, help="to be in sync after a join or a change (default 2)")
    p.add_argument("--json", action="store_true", help="one JSON object on standard output")
    p.add_argument("--plot", metavar="FILE.svg", help="draw the offsets")
    p.add_argument("--wav", metavar="FILE.wav", help="keep the recording, two channels a viewer")
    p.add_argument("--jam", metavar="FILE", default=JAM, help="the program to measure (default: tools/jam)")
    p.add_argument("--keep", metavar="DIR", help="keep logs, caches and the raw recording there")
    p.add_argument("--trace", action="store_true",
                   help="with --keep: each peer writes down its probes and its output's timing; tools/lab/sync_trace.py reads that")
    p.add_argument("--self-test", action="store_true", help="measure sounds whose offsets are known, without peers")
    a = p.parse_args()
    if a.ci:
        a.seconds = min(a.seconds, CI_SECONDS)
        a.no_time_namespaces |= subprocess.run(["unshare", "--time", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0
        for name, limit in CI_LIMITS.items():
            setattr(a, name, limit)
    if not 2 <= a.viewers <= 8 or a.seconds < 3:
        p.error("--viewers must be within 2 and 8, --seconds at least 3")
    if a.trace and not a.keep:
        p.error("--trace goes with --keep")
    if a.kill_server and not a.server_apart:
        p.error("--kill-server goes with --server-apart")
    if a.kill_host + a.kill_server + a.kill_both + a.fleet > 1:
        p.error("choose one of --kill-host, --kill-server, --kill-both and --fleet")
    if a.fleet and a.link:
        p.error("--fleet goes without --link")
    if a.server_apart and not a.link:
        p.error("--server-apart goes with --link")
    if a.next and (a.mp3 or a.seconds > 150):
        p.error("--next measures tracks that it makes, for 150 s at most")
    if a.against and (a.events or a.next or a.kill_host or a.kill_server or a.kill_both or a.fleet or a.lose_device or a.with_host or a.control):
        p.error("--against compares plain playing: without --events, --kill-host, --with-host, --control")
    try:
        a.clock_ppm = [float(ppm) for ppm in a.clock_ppm.split(",")]
        if a.link:
            link_net.parse(a.link)
    except ValueError as problem:
        p.error(str(problem))
    # The way to a device that can be lost is a relay, whose delays are no wire's.
    limits = PROMISED_ON_LINK if a.link or a.lose_device else PROMISED_BUSY if a.hog else PROMISED
    for name, limit in zip(("p95", "max", "first"), limits):
        if getattr(a, f"limit_{name}_us") is None:
            setattr(a, f"limit_{name}_us", limit + (DEVICE_US if a.device_ppm else 0))
    a.limit_after_us = a.limit_after_us or (250 if a.link else 50)
    return a


def keep_wav(path, rig):
    with open(rig.raw, "rb") as raw, wave.open(path, "wb") as out:
        out.setnchannels(rig.channels)
        out.setsampwidth(2)
        out.setframerate(rig.rate)
        out.writeframes(raw.read())


def measure(a, kind, begun):
    outputs = ["host"] * a.with_host + [f"v{i + 1}" for i in range(a.viewers)]
    keep = a.keep and os.path.join(a.keep, kind.title.lower() if a.against else "")
    with Rig(outputs, a.rate, a.jam, keep, a.trace) as rig:
        rig.note = lambda text: print(f"[{time.monotonic() - begun:6.1f} s] {text}", file=sys.stderr, flush=True)
        if a.self_test:
            return self_test(rig)
        rig.note(f"measuring {kind.title}")
        run = kind(a, rig)
        run.play()
        rig.note("analysing")
        if a.wav:
            keep_wav(a.wav, rig)
        return run.judge() if a.clicks else evaluate(run)


def main():
    a = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    begun = time.monotonic()
    try:
        results = [measure(a, kind, begun) for kind in ([ClickRun] if a.clicks else [Run, SnapcastRun] if a.against else [Run])]
        if a.ci and not a.self_test and results[0]["misses"]:
            print("once more, since: " + "; ".join(results[0]["misses"]), file=sys.stderr)
            results = [measure(a, Run, begun)]
    except (RigError, NetError) as e:
        print(e, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    if a.self_test:
        return results[0]
    if a.json:
        print(json.dumps(results if a.against else results[0]))
    elif a.clicks:
        tell_clicks(results[0])
    else:
        for result in results:
            print(f"{result['of']}:" if a.against else "", end="\n" if a.against else "")
            tell(result)
        if a.against:
            tell_beside(results)
    return 1 if results[0]["misses"] else 0


sys.exit(main())
