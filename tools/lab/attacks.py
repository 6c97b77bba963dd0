"""A tour of attacks on a room that goes on meanwhile: a host with its own server and a viewer as real processes, members that only
listen, and attackers from an address of their own. Each attack must be refused, with few lines in the host's log, while the members
notice nothing: round trips (PING) and the time from a member's SEEK to STATE at every other, before, during, and the music of the
viewer. See ../README.md.
"""
import argparse
import asyncio
import base64
import json
import multiprocessing
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from types import SimpleNamespace

import attacks_tour
from rig import JAM, Rig, RigError, free_port
from wire import WebSocket

PASSWORD = "a password that nobody guesses"
LINES = 48      # of one attack in the host's log: ten at once of each address and port, then one every ten seconds


def arguments():
    p = argparse.ArgumentParser(prog="tools/lab/attacks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--members", type=int, default=50, metavar="N", help="that only listen (default 50)")
    p.add_argument("--half-open", type=int, default=10_000, metavar="N", help="connections that say nothing, to each port (default 10000)")
    p.add_argument("--calm", type=float, default=10, metavar="S", help="seconds that are measured before the first attack (default 10)")
    p.add_argument("--only", metavar="NAME", help="one of: " + ", ".join(name for name, _ in attacks_tour.TOUR))
    p.add_argument("--limit-ms", type=float, default=250, metavar="MS", help="exit code 1 where the 99th percentile of either is longer than that during "
                   "the attacks, and longer than three times what it was before (default 250)")
    p.add_argument("--json", action="store_true", help="one JSON object on standard output")
    p.add_argument("--keep", metavar="DIR", help="keep logs there")
    return p.parse_args()


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


class Member:
    """Listens, and measures; the first one also seeks."""

    def __init__(self, ws, welcome):
        self.ws, self.id, self.secret = ws, welcome["peer_id"], welcome["room_secret"]
        self.sent, self.pings, self.states, self.lost = {}, [], [], None

    @classmethod
    async def join(cls, port, name):
        ws = await WebSocket.connect(port)
        ws.send("HELLO", name=name, password=PASSWORD)
        welcome = await ws.until("WELCOME")
        if welcome is None:
            raise RigError(f"{name} was not let in")
        return cls(ws, welcome)

    async def listen(self, seeks):
        while (message := await self.ws.receive()) is not None:
            now, payload = time.monotonic(), message["payload"]
            if message["type"] == "PONG":
                self.pings.append((now, now - self.sent.pop(payload["nonce"], now)))
            elif message["type"] == "STATE" and payload["position_us"] in seeks:
                self.states.append((now, now - seeks[payload["position_us"]]))
            elif message["type"] == "ERROR" and payload["close"]:
                self.lost = payload["code"]
        self.lost = self.lost or "closed"

    async def ping(self, offset):
        await asyncio.sleep(offset)
        for nonce in range(1, 1 << 30):
            self.sent[nonce] = time.monotonic()
            self.ws.send("PING", nonce=nonce)
            await asyncio.sleep(0.5)


async def seek(member, seeks):
    """A command twice a second, each to a place of its own; that is how its STATE is known."""
    for i in range(1 << 30):
        position = 10_000_000 + i * 1_001
        seeks[position] = time.monotonic()
        member.ws.send("SEEK", position_us=position)
        await asyncio.sleep(0.5)


def lines(log):
    """Of a log, those that are about attackers."""
    with open(log, encoding="utf-8", errors="replace") as file:
        return sum(1 for line in file if any(f"127.0.0.{n}" in line for n in (66, 67, 77)) or "is told" in line)


async def run(a, rig):
    port, peer_port = free_port(), free_port()
    log = os.path.join(rig.folder, "host-own.log")
    secret = os.path.join(rig.folder, "password")
    with open(secret, "w", encoding="utf-8") as file:
        file.write(PASSWORD + "\n")
    track = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "assets", "track.mp3")
    common = ["--output", "null", "--headless", "--password-file", secret]
    rig.start_peer("host", ["--seed", track, "--listen-port", str(peer_port), "--server-port", str(port), "--log-file", log, "--no-discovery", "--autoplay",
                            *common])
    await until(rig, lambda: listens(port) and listens(peer_port), "the host does not come up", "host")
    token = await host_token(rig, port)
    host = await Member.join(port, "overseer")
    viewer = rig.start("viewer", [rig.jam, "--name", "viewer", "--cache", os.path.join(rig.folder, "cache-viewer"), "--connect", f"127.0.0.1:{peer_port}",
                                  "--listen-port", "0", "--status-every", "1", "--log-file", "none", *common], rig.user_env("viewer"), stdout=subprocess.PIPE)
    reports = []
    reading = asyncio.create_task(asyncio.to_thread(lambda: reports.extend(json.loads(line) for line in viewer.stdout if line.startswith(b"{"))))
    # What attackers know, and more than they should.
    world = SimpleNamespace(folder=rig.folder, port=port, peer_port=peer_port, password=PASSWORD, host_pid=next(p.pid for n, p in rig.processes if n == "host"))
    seeks, members = {}, [host]
    for i in range(a.members - 1):
        members.append(await Member.join(port, f"member {i + 1}"))
    tasks = [asyncio.create_task(m.listen(seeks)) for m in members]
    tasks += [asyncio.create_task(m.ping(i / len(members) / 2)) for i, m in enumerate(members)]
    # The token that takes the host's place is the host's alone; for the commands a member needs a room that everyone controls.
    members[0].ws.send("SET_ROLE", role="host", host_token=token)
    members[0].ws.send("POLICY", control="everyone")
    await asyncio.sleep(1)
    world.member_id, world.secret = members[-1].id, base64.b64decode(members[0].secret)
    world.host_id, world.viewer_id, world.host_token_hash, world.password_hash = members[0].id, members[-1].id, "0" * 32, "pbkdf2-sha512"
    tasks.append(asyncio.create_task(seek(members[0], seeks)))
    await asyncio.sleep(2)
    calm_from = time.monotonic()
    await asyncio.sleep(a.calm)
    calm_to, told = time.monotonic(), []
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    for name, _ in attacks_tour.TOUR:
        if a.only and name != a.only:
            continue
        if name == "a wrong key":
            members[0].ws.send("POLICY", links="tls")
            await asyncio.sleep(2)
        before, began = lines(log), time.monotonic()
        words, ok = await asyncio.get_running_loop().run_in_executor(pool, attacks_tour.attack, name, world, a.half_open)
        await asyncio.sleep(1)
        ended = time.monotonic()
        said = lines(log) - before
        pings, states = during(members, began, ended)
        told.append({"attack": name, "refused": ok, "what": words, "seconds": round(ended - began, 1), "log_lines": said,
                     "ping_p99_ms": round(1e3 * percentile(pings, 0.99), 1), "state_p99_ms": round(1e3 * percentile(states, 0.99), 1)})
        if not a.json:
            print(f"  {name:16} {'refused' if ok else 'NOT AS IT MUST BE'}, {said} lines, {ended - began:.0f} s: {words}", flush=True)
    attack_to = time.monotonic()
    pool.shutdown()
    rig.check()
    rig.stop(["viewer"])
    await reading
    for task in tasks:
        task.cancel()
    return summary(a, members, told, reports, (calm_from, calm_to), (calm_to, attack_to))


def during(members, begin, end):
    return ([d for m in members for t, d in m.pings if begin <= t <= end], [d for m in members for t, d in m.states if begin <= t <= end])


def summary(a, members, told, reports, calm, attack):
    figures = {}
    for word, (begin, end) in (("before", calm), ("during", attack)):
        pings, states = during(members, begin, end)
        figures[word] = {"ping_p50_ms": 1e3 * percentile(pings, 0.5), "ping_p99_ms": 1e3 * percentile(pings, 0.99),
                         "state_p50_ms": 1e3 * percentile(states, 0.5), "state_p99_ms": 1e3 * percentile(states, 0.99), "states": len(states)}
    lost = [m.lost for m in members if m.lost]
    underruns = reports[-1]["playback"]["underruns"] - reports[0]["playback"]["underruns"] if reports else None
    problems = [f"{t['attack']}: {t['what']}" for t in told if not t["refused"]]
    problems += [f"{t['attack']}: {t['log_lines']} lines in the log" for t in told if t["log_lines"] > LINES]
    problems += [f"{len(lost)} members were lost: {lost[0]}"] if lost else []
    problems += ["the viewer said nothing"] if underruns is None else [f"the viewer's music stopped {underruns} times"] if underruns else []
    for what in ("ping_p99_ms", "state_p99_ms"):
        before, now = figures["before"][what], figures["during"][what]
        if not now <= max(a.limit_ms, 3 * before):
            problems.append(f"{what} was {now:.0f} during the attacks and {before:.0f} before")
    return {"attacks": told, **figures, "members_lost": len(lost), "viewer_underruns": underruns, "problems": problems}


async def host_token(rig, port):
    """From where the host's own peer keeps it."""
    path = os.path.join(rig.user_env("host")["XDG_CONFIG_HOME"], "swarmjam", "identity.json")
    for _ in range(100):
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                rooms = [r for r in json.load(file).get("rooms") or [] if f":{port}/" in r["url"] and r.get("host_token")]
            if rooms:
                return rooms[-1]["host_token"]
        await asyncio.sleep(0.1)
    raise RigError("the host has kept no token")


def listens(port):
    import socket
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


async def until(rig, condition, words, *logs):
    for _ in range(600):
        if condition():
            return
        rig.check()
        await asyncio.sleep(0.1)
    rig.fail(words, *logs)


def main():
    a = arguments()
    try:
        with Rig([], 48_000, keep=a.keep) as rig:
            result = asyncio.run(run(a, rig))
    except RigError as problem:
        print(f"tools/lab/attacks: {problem}", file=sys.stderr)
        return 2
    if a.json:
        print(json.dumps(result))
    else:
        print(f"{'':10} {'PING p50':>9} {'p99':>9} {'STATE p50':>10} {'p99':>9}   (ms, {a.members} members)")
        for word in ("before", "during"):
            f = result[word]
            print(f"{word:10} {f['ping_p50_ms']:9.1f} {f['ping_p99_ms']:9.1f} {f['state_p50_ms']:10.1f} {f['state_p99_ms']:9.1f}   {f['states']} STATEs")
        print(f"members lost: {result['members_lost']}; the viewer's music stopped: {result['viewer_underruns']} times")
        for problem in result["problems"]:
            print(f"NOT WELL: {problem}")
    return 1 if result["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
