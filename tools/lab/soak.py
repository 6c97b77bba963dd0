"""Runs a room for a given time and says whether anything of it grows: a rendezvous, a host and viewers as real processes on this machine,
music that goes on and on, a command every half minute, and a visitor who comes and goes.

Memory, open handles, threads and sync error of each process are sampled; each has a slope, with its 95 % interval. See ../README.md.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import soak_plot
import soak_trend
from swarm_net import end_with_parent
from swarm_peers import Peer, end_all

HERE = os.path.dirname(os.path.abspath(__file__))
JAM = os.path.join(os.path.dirname(HERE), "jam")
TRACK = os.path.join(os.path.dirname(HERE), "assets", "track.mp3")
PATIENCE = 60
# What each figure may grow by within an hour: below that it would take days to matter, or is the clock's own.
TOLERATED = {"memory_mb": 1.0, "handles": 1.0, "threads": 1.0, "sync_error_us": 20.0}
TITLES = {"memory_mb": "memory, MB", "handles": "open handles", "threads": "threads", "sync_error_us": "sync error, us (its amount)"}


class SoakError(Exception):
    """Something that it cannot go on without; says what."""


class Here:
    """This machine, as the peers' rig knows machines."""

    @staticmethod
    def within(*command):
        return list(command)


def arguments():
    p = argparse.ArgumentParser(prog="tools/lab/soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--hours", type=float, metavar="H", help="how long")
    p.add_argument("--minutes", type=float, metavar="M", help="how long (default 10)")
    p.add_argument("--viewers", type=int, default=3, metavar="N", help="1 to 50 (default 3)")
    p.add_argument("--every", type=float, default=2, metavar="S", help="seconds from one sample to the next (default 2)")
    p.add_argument("--settle", type=float, metavar="S", help="what is left out at the beginning (default: a sixth of the time, 10 minutes at most)")
    p.add_argument("--calm", action="store_true", help="no commands and no visitor: the music alone")
    p.add_argument("--plot", metavar="FILE.svg", help="all samples over time")
    p.add_argument("--json", action="store_true", help="one JSON object on standard output")
    p.add_argument("--keep", metavar="DIR", help="keep logs and samples there")
    p.add_argument("--self-test", action="store_true", help="whether leaks are told from the ups and downs of memory; runs no room")
    a = p.parse_args()
    if a.hours is not None and a.minutes is not None:
        p.error("--hours or --minutes, not both")
    a.seconds = 3600 * a.hours if a.hours is not None else 60 * (a.minutes if a.minutes is not None else 10)
    if a.settle is None:
        a.settle = min(600, a.seconds / 6)
    if not 1 <= a.viewers <= 50 or a.every < 0.2 or a.seconds < 60 or not 0 <= a.settle < a.seconds:
        p.error("--viewers must be within 1 and 50, --every 0.2 at least, the time a minute at least and longer than --settle")
    return a


def note(words):
    print(words, file=sys.stderr, flush=True)


def start_server(folder):
    log = open(os.path.join(folder, "server.log"), "w+", encoding="utf-8")
    process = subprocess.Popen([JAM, "server", "--port", "0", "--bind", "127.0.0.1", "--log-file", "none"], stdin=subprocess.DEVNULL,
                               stdout=log, stderr=log, start_new_session=True, preexec_fn=end_with_parent)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        log.seek(0)
        words = log.readline().split()
        if "port" in words and words[-1] != "port":
            return process, int(words[words.index("port") + 1].rstrip("."))
        time.sleep(0.05)
    raise SoakError("the rendezvous does not come up; see server.log")


def start_peer(name, folder, *role):
    return Peer(name, Here, [JAM, "--name", name, "--listen-port", "0", "--output", "null", "--no-discovery", "--status-every", "1",
                             "--cache", os.path.join(folder, f"cache-{name}"), *role], folder)


def wait(peers, condition, words):
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until or any(p.process.poll() is not None for p in peers):
            raise SoakError("\n".join([words] + [f"  {p.name}: {line}" for p in peers for _, line in p.said[-4:]]))
        time.sleep(0.05)


def sample(pid):
    """Memory, handles and threads of a process."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        fields = dict(line.split(":", 1) for line in status)
    return {"memory_mb": int(fields["VmRSS"].split()[0]) * 1024 / 1e6, "handles": len(os.listdir(f"/proc/{pid}/fd")),
            "threads": int(fields["Threads"])}


class Soak:
    def __init__(self, a, folder):
        self.a, self.folder = a, folder
        self.samples = {}               # process -> figure -> [(seconds, value)]
        self.peers, self.server, self.visitor = [], None, None
        self.visits = 0

    def run(self):
        self.server, port = start_server(self.folder)
        url = f"ws://127.0.0.1:{port}"
        self.peers.append(start_peer("host", self.folder, "--seed", TRACK, "--server", url))
        host = self.peers[0]
        wait(self.peers, lambda: host.report and host.report["server_connected"], "the host does not come up")
        self.join = ["--connect", f"127.0.0.1:{host.report['listen_port']}"]
        for i in range(self.a.viewers):
            self.peers.append(start_peer(f"viewer {i + 1}", self.folder, *self.join))
        wait(self.peers, lambda: all(p.report and len(p.report["links"]) == self.a.viewers for p in self.peers), "not everyone is connected to everyone")
        host.command("queue repeat one")
        host.command("play")
        wait(self.peers, lambda: all(p.report["playback"]["sounding"] for p in self.peers), "not everyone plays")
        note(f"{self.a.viewers} viewers play; {self.a.seconds / 60:.0f} minutes from now on")
        self.watch()

    def watch(self):
        start = time.monotonic()
        turn, told = 0, start
        while (now := time.monotonic()) < start + self.a.seconds:
            for process in [self.server, *(p.process for p in self.peers)]:
                if process.poll() is not None:
                    raise SoakError(f"{self.name(process)} has ended with {process.returncode} after {(now - start) / 60:.1f} minutes; its log tells more (--keep)")
            for process in [self.server, *(p.process for p in self.peers)]:
                for figure, value in sample(process.pid).items():
                    self.take(self.name(process), figure, now - start, value)
            for peer in self.peers:
                error = peer.report["playback"]["sync_error_us"]
                if error is not None:
                    self.take(peer.name, "sync_error_us", now - start, abs(error))
                # Hours of reports would be the only thing that grows.
                del peer.reports[:-5]
            if not self.a.calm and now - start > 30 * (turn + 1):
                turn += 1
                self.live(turn)
            if now - told > 600:
                told = now
                note(f"{(now - start) / 60:.0f} minutes")
            time.sleep(max(0, self.a.every - (time.monotonic() - now)))

    def live(self, turn):
        """What people do."""
        self.peers[0].command(["pause", "play", "seek 0:10", "play"][turn % 4])
        if turn % 2 == 1:
            self.visits += 1
            self.visitor = start_peer("visitor", self.folder, *self.join)
        elif self.visitor:
            end_all([self.visitor])
            self.visitor = None

    def take(self, name, figure, seconds, value):
        self.samples.setdefault(name, {}).setdefault(figure, []).append((seconds, value))

    def name(self, process):
        return next((p.name for p in self.peers if p.process is process), "server")

    def close(self):
        end_all([p for p in [*self.peers, self.visitor] if p])
        if self.server and self.server.poll() is None:
            self.server.terminate()
            try:
                self.server.wait(10)
            except subprocess.TimeoutExpired:
                self.server.kill()

    def results(self):
        rows = []
        for name, figures in self.samples.items():
            for figure, points in figures.items():
                late = [(at, value) for at, value in points if at >= self.a.settle]
                found = soak_trend.judge(late, TOLERATED[figure], floor=figure not in ("sync_error_us",))
                if found:
                    rows.append({"process": name, "figure": figure, "first": late[0][1], "last": late[-1][1], "most": max(v for _, v in late),
                                 "per_hour": found[0], "error": found[1], "verdict": found[2]})
        return rows


def main():
    a = arguments()
    if a.self_test:
        wrong = soak_trend.self_test() + soak_plot.self_test()
        print("\n".join(wrong) or "leaks are told from ups and downs")
        return 1 if wrong else 0
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    folder = a.keep or tempfile.mkdtemp(prefix="swarmjam-soak-")
    os.makedirs(folder, exist_ok=True)
    soak, failed = Soak(a, folder), False
    try:
        try:
            soak.run()
        except SoakError as problem:
            note(str(problem))
            failed = True
        except KeyboardInterrupt:
            note("ended early; what there is so far:")
        rows = soak.results()
        if a.keep:
            with open(os.path.join(folder, "samples.json"), "w", encoding="utf-8") as file:
                json.dump(soak.samples, file)
        if a.plot:
            soak_plot.draw(a.plot, f"{a.viewers} viewers, {a.seconds / 60:.0f} minutes", [
                (title, {name: figures[figure] for name, figures in soak.samples.items() if figure in figures}) for figure, title in TITLES.items()])
        if a.json:
            print(json.dumps({"seconds": a.seconds, "settle_seconds": a.settle, "visits": soak.visits, "trends": rows}))
        else:
            for r in rows:
                print(f"{r['process']:<10} {r['figure']:<14} {r['first']:9.1f} -> {r['last']:9.1f}, most {r['most']:9.1f}   "
                      f"{r['per_hour']:+9.2f} +- {r['error']:.2f} an hour   {r['verdict']}")
            if a.seconds < 3600:
                note("Under an hour much of what grows is only warming up: compiled code, caches, a history of some minutes.")
            judged = {(r["process"], r["figure"]) for r in rows}
            for name, figures in soak.samples.items():
                for figure in (f for f in figures if (name, f) not in judged):
                    print(f"{name:<10} {figure:<14} not judged: there are too few samples, or a twelfth of the time is without any")
            if not rows:
                print("too little was sampled to tell anything")
        return 1 if failed or any(r["verdict"] == "grows" for r in rows) else 0
    finally:
        soak.close()
        if not a.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
