"""Measures how soon a viewer that joins in the middle of a track is heard: from the start of a cold process with an empty cache.

For each file a host is started, which plays it from its middle, and then one viewer, whose output is recorded. See ../README.md.
"""
import argparse
import json
import os
import signal
import subprocess
import sys

import analysis
from rig import JAM, Rig, RigError, free_port

RECORDED_WITHIN_MS = 10             # a recording that lags by a tenth of a second has the process start a tenth too early
LIMIT_S = 1.0                       # from the process's start to its first sound


def arguments():
    p = argparse.ArgumentParser(prog="tools/lab/join", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("files", nargs="+", metavar="FILE", help="tracks of any format, two minutes or longer")
    p.add_argument("--times", type=int, default=1, metavar="N", help="how often each is joined (default 1)")
    p.add_argument("--limit-s", type=float, default=LIMIT_S, help=f"exit code 1 where a join takes longer (default {LIMIT_S:g})")
    p.add_argument("--jam", metavar="FILE", default=JAM, help="the program to measure (default: tools/jam)")
    p.add_argument("--keep", metavar="DIR", help="keep logs and recordings there")
    p.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return p.parse_args()


def reports(path):
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in log:
            try:
                yield json.loads(line)
            except ValueError:
                pass


def say(host, line):
    host.stdin.write((line + "\n").encode())
    host.stdin.flush()


def join(a, path, number):
    keep = a.keep and os.path.join(a.keep, f"{os.path.basename(path)}-{number}")
    with Rig(["v1"], 48000, a.jam, keep, traces=bool(keep)) as rig:
        rig.start_sound()
        rig.start_recording(RECORDED_WITHIN_MS)
        port = free_port()
        host = rig.start_peer("host", ["--seed", os.path.abspath(path), "--listen-port", str(port), "--no-discovery", "--output", "null",
                                       "--status-every", "0.2"], stdin=subprocess.PIPE)

        def track():
            return next((r["track"] for r in reports(rig.logs["host"]) if r.get("track")), None)

        rig.wait(track, 60, "the host has no track", "host")
        say(host, f"seek {track()['duration_us'] / 2e6:.1f}")
        say(host, "play")
        rig.wait(lambda: any(r["playback"]["sounding"] for r in reports(rig.logs["host"])), 10, "the host does not play", "host")
        began = rig.now()
        until = began + 2
        rig.wait(lambda: rig.now() > until, 10, "the recording stands still", "parecord")
        since = rig.now()
        rig.start_peer("v1", ["--connect", f"127.0.0.1:{port}", "--output", "pulse", "--listen-port", "0", "--headless", "--status-every", "0.05"], sink="v1")
        rig.wait(lambda: analysis.first_sound(rig.recording()[0], rig.rate, since) is not None, 20, "the viewer does not sound", "host", "v1")
        heard = analysis.first_sound(rig.recording()[0], rig.rate, since)
        until = rig.now() + 1
        rig.wait(lambda: rig.now() > until, 10, "the recording stands still", "parecord")
        first = next((r for r in reports(rig.logs["v1"]) if r["playback"]["sounding"] and r["playback"]["sync_error_us"] is not None), None)
        gaps = analysis.silences(rig.recording()[0], rig.rate, heard, until - 0.2)
        return {"file": os.path.basename(path), "bytes": os.path.getsize(path), "sounds_after_s": round(heard - since, 2),
                "off_us": first and round(first["playback"]["sync_error_us"], 1), "silences": len(gaps)}


def main():
    a = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    results = []
    try:
        for path in a.files:
            for number in range(a.times):
                results.append(join(a, path, number))
                if not a.json:
                    r = results[-1]
                    print(f"{r['file']:<24}{r['bytes'] / 1e6:>8.1f} MB   sounds after {r['sounds_after_s']:.2f} s, "
                          f"says {r['off_us']} us off, {r['silences']} silences in its first second", flush=True)
    except RigError as e:
        print(e, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    if a.json:
        print(json.dumps(results))
    return 1 if any(r["sounds_after_s"] > a.limit_s or r["silences"] for r in results) else 0


sys.exit(main())
