"""Measures how near a room comes to what its links allow: a host and viewers as real processes, each on a machine of its own
(a network namespace with a shaped link to a bridge), over real TCP.

The fluid bound comes from what plain TCP carries on those links, measured first. Time runs from the host's `seed FILE`, with
everyone connected and idle, to each viewer's word that the track is complete and verified. See ../README.md.
"""
import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import link_net
import swarm_churn
import swarm_goodput
import swarm_meet
import swarm_plot
import swarm_report
from swarm_net import NetError, Network
from swarm_peers import Peer, end_all

HERE = os.path.dirname(os.path.abspath(__file__))
JAM = os.path.join(os.path.dirname(HERE), "jam")
TRACK = os.path.join(os.path.dirname(HERE), "assets", "track.mp3")
PORT = 9003


def arguments():
    p = argparse.ArgumentParser(prog="tools/lab/swarm", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--viewers", type=int, default=8, metavar="N", help="1 to 64 (default 8)")
    p.add_argument("--size", type=float, metavar="MB", help="of the track, in million bytes (default 5; with --churn as much as fills the time)")
    p.add_argument("--kbit", type=int, default=192, choices=[128, 192, 320], help="bit rate of the track (default 192)")
    p.add_argument("--up", type=float, default=8, metavar="MBIT", help="what each link sends, Mbit/s (default 8)")
    p.add_argument("--host-up", type=float, metavar="MBIT", help="what the host's link sends (default: as --up)")
    p.add_argument("--rates", metavar="A,B,C", help="what the viewers' links send, Mbit/s; the last one goes for the rest")
    p.add_argument("--down", type=float, metavar="MBIT", help="what each link takes (default: no limit)")
    p.add_argument("--link", metavar="LINK", help="links that delay, jitter, stall and lose besides, at the rates above: " + link_net.HELP.replace("%", "%%"))
    p.add_argument("--queue-ms", type=float, default=100, metavar="MS", help="how much waits before a link that is full (default 100)")
    p.add_argument("--congestion", metavar="NAME", help="TCP's congestion control (default: this machine's)")
    p.add_argument("--play", action="store_true", help="play soon after the seeding, and look for late starts and stalls")
    p.add_argument("--play-after", type=float, default=1, metavar="S", help="with --play: how long after the host's answer to `seed` somebody types `play` (default 1)")
    p.add_argument("--seconds", type=float, default=180, metavar="S", help="with --play: for how long (default 180)")
    p.add_argument("--churn", action="store_true", help="kill (-9) and replace a third of the viewers every 5 s, the host once, and compare what is saved")
    p.add_argument("--churn-seconds", type=float, default=60, metavar="S", help="with --churn: for how long (default 60)")
    p.add_argument("--churn-seed", type=int, default=1, metavar="N", help="with --churn: who is killed when (default 1)")
    p.add_argument("--meet", action="store_true", help="each knows one other; the track is changed in mid-transfer; the server is killed, and one more comes")
    p.add_argument("--goodput-seconds", type=float, default=3, metavar="S", help="how long plain TCP is measured (default 3)")
    p.add_argument("--repeat", type=int, default=1, metavar="K", help="measure K times; the worst run counts (default 1)")
    p.add_argument("--limit-efficiency", type=float, default=0.0, metavar="PART", help="exit code 1 where the last viewer stays below")
    p.add_argument("--limit-copies", type=float, default=1e9, metavar="X", help="exit code 1 where the host sends more")
    p.add_argument("--json", action="store_true", help="one JSON object on standard output")
    p.add_argument("--plot", metavar="FILE.svg", help="draw chunks over time per peer")
    p.add_argument("--jam", metavar="FILE", default=JAM, help="the program to measure (default: tools/jam)")
    p.add_argument("--keep", metavar="DIR", help="keep logs, reports and plot there")
    a = p.parse_args()
    a.size = a.size or (a.up / 8 * 0.6 * a.churn_seconds if a.churn else 5)
    if not 1 <= a.viewers <= 64 or not 0.1 <= a.size <= 2000 or a.up <= 0 or a.repeat < 1:
        p.error("--viewers must be within 1 and 64, --size within 0.1 and 2000, --up above 0")
    try:
        a.link = link_net.parse(f"queue={a.queue_ms}," + a.link) if a.link else None
    except ValueError as problem:
        p.error(str(problem))
    rates = [float(r) for r in a.rates.split(",")] if a.rates else [a.up]
    if any(r <= 0 for r in rates):
        p.error("--rates must be above 0")
    a.rates = [rates[min(i, len(rates) - 1)] for i in range(a.viewers)]
    a.host_up = a.host_up or a.up
    return a


def note(words):
    print(words, file=sys.stderr, flush=True)


def make_track(folder, size_mb, kbit):
    """The demo track's sound, over and over, cut to a length: a constant bit rate has no index that could be wrong."""
    once = os.path.join(folder, "once.mp3")
    subprocess.run(["lame", "--silent", "-b", str(kbit), "--cbr", "-t", TRACK, once], check=True)
    with open(once, "rb") as file:
        sound = file.read()
    sound = sound[sound.index(b"\xff\xfb"):]
    path = os.path.join(folder, "track.mp3")
    left = int(size_mb * 1e6)
    with open(path, "wb") as file:
        while left > 0:
            file.write(sound[:left])
            left -= len(sound)
    return path


def fluid_bound(size, ups, down):
    """Seconds to bring `size` bytes from the first of `ups` to all the others."""
    viewers = len(ups) - 1
    return max(size / ups[0], size / down if down else 0, viewers * size / sum(ups))


class Run:
    def __init__(self, a, network, folder, track):
        self.a, self.network, self.folder, self.track = a, network, folder, track
        self.size = os.path.getsize(track)
        self.peers = []

    def wait(self, condition, seconds, words):
        until = time.monotonic() + seconds
        while not condition():
            for peer in self.peers:
                if peer.process.poll() is not None:
                    raise NetError(f"{peer.name} ended by itself (exit code {peer.process.returncode}): "
                                   + " / ".join(line for _, line in peer.said[-5:]))
            if time.monotonic() > until:
                return False if words is None else self.fail(words)
            time.sleep(0.02)
        return True

    def fail(self, words):
        raise NetError("\n".join([words] + [f"  {p.name}: {line}" for p in self.peers for _, line in p.said[-4:]]))

    def start(self, index, role):
        machine = self.network.machines[index]
        cache = os.path.join(self.folder, f"cache-{machine.name}")
        shutil.rmtree(cache, ignore_errors=True)    # of an earlier run in the same folder
        command = [self.a.jam, "--name", machine.name, "--listen-port", str(PORT), "--output", "null", "--status-every", "0.1" if self.a.play else "0.5",
                   "--cache", cache, *role]
        peer = Peer(machine.name, machine, command, self.folder)
        self.peers.append(peer)
        return peer

    def play(self):
        a = self.a
        host = self.start(0, ["--role", "host"])
        self.wait(lambda: host.report and host.report["server_connected"], 30, "the host does not come up")
        for index in range(1, a.viewers + 1):
            self.start(index, ["--connect", f"{self.network.machines[0].address}:{PORT}"])
        self.wait(lambda: all(p.report and len(p.report["links"]) == a.viewers for p in self.peers), 30 + 2 * a.viewers,
                  "not everyone is connected to everyone")
        time.sleep(3)       # what a program does on its start is not what is measured
        before = [peer.cpu() for peer in self.peers]
        time.sleep(1)
        for peer in self.peers:
            peer.cpu_before, peer.sent_before = peer.cpu(), peer.machine.sent()
        self.idle_cpu = (sum(peer.cpu_before for peer in self.peers) - sum(before)) / len(self.peers)
        self.seeded_at = host.command(f"seed {self.track}")
        viewers = self.peers[1:]
        if a.play:
            self.wait(lambda: host.report["track"], 10, "the host does not seed")
            # Who has read the answer and types `play` needs that long.
            time.sleep(a.play_after)
            self.played_at = host.command("play")
            time.sleep(a.seconds)
            self.wait(lambda: True, 1, None)
        else:
            self.wait(lambda: all(v.complete_at for v in viewers), 30 + 6 * self.bound, None)
            time.sleep(0.3)     # the last reports

    @staticmethod
    def pressure():
        """The part of the last ten seconds for which some process of this machine had to wait for a processor."""
        try:
            with open("/proc/pressure/cpu", encoding="ascii") as file:
                return float(file.readline().split()[1].split("=")[1]) / 100
        except OSError:
            return None

    def result(self):
        a, host, viewers = self.a, self.peers[0], self.peers[1:]
        took = [v.complete_at - self.seeded_at if v.complete_at else None for v in viewers]
        done = sorted(t for t in took if t is not None)
        complete = len(done) == len(viewers)
        track = host.report["track"]
        curves = {p.name: p.curve(self.seeded_at) for p in viewers}
        first = [next((at for at, count in points if count), None) for points in curves.values()]
        elapsed = time.monotonic() - self.seeded_at
        result = {
            "bytes": self.size, "chunks": track["chunks"], "bound_s": self.bound, "complete": complete,
            "last_s": done[-1] if complete else None, "median_s": statistics.median(done) if complete else None,
            "efficiency_last": self.bound / done[-1] if complete else 0.0,
            "efficiency_median": self.bound / statistics.median(done) if complete else 0.0,
            "copies_from_host": track["bytes_up"] / self.size, "first_chunk_s": max(f for f in first if f is not None),
            "idle_cpu_share": self.idle_cpu, "cpu_wait_share": self.pressure(), "peers": [],
        }
        for peer, seconds in zip(self.peers, [None, *took]):
            track, (most, now) = peer.report["track"], peer.rss_mb()
            row = {"name": peer.name, "took_s": seconds, "bytes_up": track["bytes_up"], "bytes_down": track["bytes_down"],
                   "from_host": track["chunks_from_host"], "from_peers": track["chunks_from_peers"], "bad": track["bad_chunks"],
                   "cpu_s": peer.cpu() - peer.cpu_before, "cpu_share": (peer.cpu() - peer.cpu_before) / elapsed, "rss_mb": most, "rss_now_mb": now}
            row["packets"], row["wire_bytes"] = (now - since for now, since in zip(peer.machine.sent(), peer.sent_before))
            if a.play and peer is not host:
                row["start_s"], row["underruns"], row["silent_s"] = peer.starts_and_stalls(self.played_at)
            result["peers"].append(row)
        self.curves = curves
        self.sent = {p.name: [(at - self.seeded_at, r["track"]["bytes_up"]) for at, r in list(p.reports)
                              if at >= self.seeded_at and r.get("track")] for p in self.peers}
        return result


def network_of(a):
    return link_net.LinkNetwork(a.link, congestion=a.congestion) if a.link else Network(a.queue_ms, a.congestion)


def add_machines(a, network):
    network.add("host", a.host_up, a.down)
    for i, rate in enumerate(a.rates):
        network.add(f"v{i + 1}", rate, a.down)


def measure(a, folder, track):
    with network_of(a) as network:
        add_machines(a, network)
        network.connect()
        note("measuring what plain TCP carries")
        # A single connection on a link that loses tells of TCP, not of the link: as many as a room has fill it.
        goodput = swarm_goodput.measure(network, a.goodput_seconds, a.viewers if a.link else 1)
        run = Run(a, network, folder, track)
        down = a.down and a.down * 1e6 / 8 * max(g / (m.up_mbit * 1e6 / 8) for g, m in zip(goodput, network.machines))
        run.bound = fluid_bound(run.size, goodput, down)
        note(f"measuring the room; its bound is {run.bound:.2f} s")
        try:
            run.play()
            result = run.result()
        finally:
            end_all(run.peers)
        result["goodput"] = goodput
        result["copies_allowed"] = 1.1 * max(1.0, goodput[0] * run.bound / run.size)
        with open(os.path.join(folder, "result.json"), "w", encoding="utf-8") as file:
            json.dump({**result, "curves": run.curves, "sent": run.sent}, file)
        swarm_plot.draw(a.plot or os.path.join(folder, "plot.svg"),
                        f"{a.viewers} viewers: {result['efficiency_last']:.1%} of the bound, {result['copies_from_host']:.2f} copies from the host",
                        run.curves, run.bound, result["chunks"])
        return result


def main():
    a = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    folder = a.keep or tempfile.mkdtemp(prefix="swarmjam-swarm-")
    os.makedirs(folder, exist_ok=True)
    try:
        track = make_track(folder, a.size, a.kbit)
        if a.meet:
            # Half of the sound is another track.
            following = os.path.join(folder, "next.mp3")
            with open(track, "rb") as whole, open(following, "wb") as half:
                half.write(whole.read(os.path.getsize(track) // 2))
            with network_of(a) as network:
                network.add("server", None)
                add_machines(a, network)
                network.connect()
                return swarm_meet.measure(a, network, folder, [track, following], PORT, fluid_bound(a.size, [a.host_up / 8, *(r / 8 for r in a.rates)], None), note)
        if a.churn:
            with Network(a.queue_ms, a.congestion) as network:
                add_machines(a, network)
                return swarm_churn.measure(a, network, folder, track, PORT, note)
        results = []
        for i in range(a.repeat):
            run = os.path.join(folder, f"run-{i + 1}") if a.repeat > 1 else folder
            os.makedirs(run, exist_ok=True)
            results.append(measure(a, run, track))
            if not a.json:
                swarm_report.tell(a, results[-1])
        worst = min(results, key=lambda r: r["efficiency_last"])
        if a.json:
            print(json.dumps({**worst, "runs": [r["efficiency_last"] for r in results]}))
        elif a.repeat > 1:
            print("all runs: " + ", ".join(f"{r['efficiency_last']:.1%} with {r['copies_from_host']:.3f} copies" for r in results))
        bad = worst["efficiency_last"] < a.limit_efficiency or any(r["copies_from_host"] > a.limit_copies for r in results)
        return 1 if bad or not all(r["complete"] or a.play for r in results) else 0
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
