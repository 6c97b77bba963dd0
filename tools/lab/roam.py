"""Measures how long a viewer is away that changes its address while it plays: a host and viewers as real processes, each on a
machine of its own (a network namespace), over real TCP. One viewer loses its address and gets another, as in Wi-Fi roaming.

From the moment at which the new address is there: seconds until the links stand again, until the server answers, until chunks
come; and whether the sound stopped meanwhile. See ../README.md.
"""
import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time

from swarm import JAM, PORT, make_track, note
from swarm_net import PREFIX, NetError, Network
from swarm_peers import Peer, end_all


def arguments():
    p = argparse.ArgumentParser(prog="tools/lab/roam", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--viewers", type=int, default=3, metavar="N", help="the first one roams (default 3)")
    p.add_argument("--times", type=int, default=3, metavar="N", help="how often (default 3)")
    p.add_argument("--gap", type=float, default=0.3, metavar="S", help="for how long there is no address at all (default 0.3)")
    p.add_argument("--up", type=float, default=0.5, metavar="MBIT", help="what each link sends, Mbit/s (default 0.5, so that chunks come all the time)")
    p.add_argument("--kbit", type=int, default=128, metavar="K", help="of the track (default 128)")
    p.add_argument("--limit", type=float, default=5, metavar="S", help="exit code 1 where it takes longer, or the sound stops (default 5)")
    p.add_argument("--json", action="store_true", help="one JSON object on standard output")
    p.add_argument("--keep", metavar="DIR", help="keep logs there")
    return p.parse_args()


def wait(peers, condition, seconds, words):
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until or any(p.process.poll() is not None for p in peers):
            raise NetError("\n".join([words] + [f"  {p.name}: {line}" for p in peers for _, line in p.said[-4:]]))
        time.sleep(0.02)
    return time.monotonic()


def start(a, machine, folder, *role):
    return Peer(machine.name, machine, [JAM, "--name", machine.name, "--listen-port", str(PORT), "--output", "null", "--status-every", "0.1",
                                        "--cache", os.path.join(folder, f"cache-{machine.name}"), *role], folder)


def roam(a, network, peers, turn):
    """Takes the first viewer's address away and gives it another."""
    viewer, machine = peers[1], network.machines[1]
    before = viewer.report
    if before["track"]["chunks_have"] == before["track"]["chunks"]:
        raise NetError("the track was complete before the viewer moved: make it longer")
    machine.do("ip", "address", "del", f"{machine.address}/24", "dev", "eth0")
    time.sleep(a.gap)
    machine.address = f"{PREFIX}{100 + turn}"
    machine.do("ip", "address", "add", f"{machine.address}/24", "dev", "eth0")
    at = time.monotonic()
    after = lambda: [r for t, r in list(viewer.reports) if t > at]
    have = lambda: next((r["track"]["chunks_have"] for t, r in list(viewer.reports) if t > at), None)
    said = {}

    def seen(what, test):
        # Times of the peer's own reports, all on one monotonic clock.
        hit = next((t - at for t, r in list(viewer.reports) if t > at and test(r)), None)
        if hit is not None:
            said.setdefault(what, hit)
        return what in said

    mine = f"{machine.address}:"
    everyone = lambda: all(any(l["address"].startswith(mine) for l in p.report["links"]) for p in peers if p is not viewer)
    wait(peers, lambda: len(after()) > 0, 5, "no report")
    first = have()
    linked = wait(peers, everyone, 60, "not everyone is connected with the viewer again") - at
    again = lambda: next((t - at for t, line in list(viewer.said) if t > at and line.startswith("connected to ") and line.endswith(" again")), None)
    wait(peers, lambda: again() is not None, 60, "the server is not reached again")
    wait(peers, lambda: seen("chunks_s", lambda r: r["track"]["chunks_have"] > first), 60, "no chunk comes any more")
    reports = after()
    silent = sum(1 for r in reports if not r["playback"]["sounding"])
    return {"links_s": linked, "server_s": again(), **said, "underruns": reports[-1]["playback"]["underruns"] - before["playback"]["underruns"],
            "silent_reports": silent, "lowest_buffer_s": min(r["playback"]["buffer_us"] for r in reports) / 1e6}


def measure(a, folder):
    track = make_track(folder, a.kbit * 1e3 / 8 * (60 + 30 * a.times) / 1e6, a.kbit)
    with Network(100, None) as network:
        for name in ["host", *(f"v{i + 1}" for i in range(a.viewers))]:
            network.add(name, a.up)
        peers = []
        try:
            peers.append(start(a, network.machines[0], folder, "--seed", track, "--no-discovery"))
            wait(peers, lambda: peers[0].report and peers[0].report["server_connected"], 30, "the host does not come up")
            for machine in network.machines[1:]:
                peers.append(start(a, machine, folder, "--connect", f"{network.machines[0].address}:{PORT}"))
            wait(peers, lambda: all(p.report and len(p.report["links"]) == a.viewers for p in peers), 30, "not everyone is connected to everyone")
            peers[0].command("play")
            wait(peers, lambda: all(p.report["playback"]["sounding"] and p.report["playback"]["buffer_us"] > 4e6 for p in peers), 60,
                 "not everyone plays")
            results = []
            for turn in range(a.times):
                note(f"the viewer moves ({turn + 1} of {a.times})")
                results.append(roam(a, network, peers, turn))
                time.sleep(3)
            return results
        finally:
            end_all(peers)


def main():
    a = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    folder = a.keep or tempfile.mkdtemp(prefix="swarmjam-roam-")
    os.makedirs(folder, exist_ok=True)
    try:
        results = measure(a, folder)
        if a.json:
            print(json.dumps(results))
        else:
            for r in results:
                print(f"links {r['links_s']:.2f} s, server {r['server_s']:.2f} s, chunks {r['chunks_s']:.2f} s after the new address; "
                      f"buffer never below {r['lowest_buffer_s']:.1f} s, {r['underruns']} underruns, "
                      + ("the sound never stopped" if not r["silent_reports"] else f"SILENT in {r['silent_reports']} reports"))
        bad = any(max(r["links_s"], r["server_s"], r["chunks_s"]) > a.limit or r["underruns"] or r["silent_reports"] for r in results)
        return 1 if bad else 0
    except NetError as problem:
        note(str(problem))
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if not a.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
