"""Kills the servers of a fleet (-9), each in turn, starts them again, and measures what the members of its rooms notice.

A PostgreSQL, the servers and their members run as real processes on this machine; the members are many in one process and as light as
can be, but go from server to server as peers do. Hosts seek all the while. Asked for: no room is lost, no command that stood in a STATE
which somebody received is lost, every member is back within 3 s (99th percentile), and where the music is does not jump by more than
5 ms. See ../README.md."""
import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time

import fleet_judge
from fleet_member import Member, Room, TRACK, key_of, now_us, start_of
from fleet_rig import Database, Server
from rig import JAM, RigError


def arguments():
    p = argparse.ArgumentParser(prog="tools/lab/fleet", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--servers", type=int, default=3, metavar="N", help="(default 3)")
    p.add_argument("--rooms", type=int, default=200, metavar="N", help="(default 200)")
    p.add_argument("--members", type=int, default=1000, metavar="N", help="of all rooms together (default 1000)")
    p.add_argument("--every", type=float, default=1.0, metavar="S", help="between one kill and the next (default 1)")
    p.add_argument("--rounds", type=int, default=1, metavar="N", help="how often each is killed (default 1)")
    p.add_argument("--rest", type=float, default=8.0, metavar="S", help="between rounds, and after the last (default 8)")
    p.add_argument("--restart-after", type=float, default=0.2, metavar="S", help="how long a killed server stays dead at the least (default 0.2)")
    p.add_argument("--drain", action="store_true", help="end the servers in good order instead (SIGTERM), each once the one before is back: they hand their rooms over, and nobody may be without a server")
    p.add_argument("--seed", type=int, metavar="N", help="of the order of kills and the commands (default: any)")
    p.add_argument("--limit-back", type=float, default=3.0, metavar="S", help="99th percentile of how long a member is nowhere (default 3)")
    p.add_argument("--limit-jump-ms", type=float, default=5.0, metavar="MS", help="(default 5)")
    p.add_argument("--jam", metavar="FILE", default=JAM, help="the program to measure (default: tools/jam)")
    p.add_argument("--json", action="store_true", help="one JSON object on standard output")
    p.add_argument("--keep", metavar="DIR", help="keep logs there")
    p.add_argument("--self-test", action="store_true", help="whether jumps and lost commands are told from what a host asked for; runs no server")
    return p.parse_args()


def note(words):
    print(words, file=sys.stderr, flush=True)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


async def until(condition, seconds, words):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RigError(words())
        await asyncio.sleep(0.05)


async def command(room, dice, stop):
    """The host seeks now and then; every position is another."""
    host = room.members[0]
    await asyncio.sleep(dice.uniform(0, 1.5))
    while not stop.is_set():
        host.seek(dice.randrange(0, 3_000_000_000))
        await asyncio.sleep(dice.uniform(0.8, 2.2))


async def end(server, a, loop):
    """Ends a server and starts it again."""
    note(f"{'draining' if a.drain else 'kill -9'}: server {server.name}")
    at = now_us()
    if a.drain:
        await loop.run_in_executor(None, server.stop)
    else:
        server.kill()
    await asyncio.sleep(a.restart_after)
    server.start()
    return at, asyncio.ensure_future(loop.run_in_executor(None, server.wait))


async def play(a, servers, dice):
    loop = asyncio.get_running_loop()
    rooms = [Room(f"room{n}", [s.url for s in servers]) for n in range(a.rooms)]
    members = [Member(rooms[n % a.rooms], n // a.rooms) for n in range(a.members)]
    for n, member in enumerate(members):
        dice.shuffle(member.urls)
    tasks = []
    for n, member in enumerate(members):
        tasks.append(asyncio.create_task(member.live()))
        if n % 50 == 49:
            await asyncio.sleep(0.1)
    missing = lambda: [m for m in members if m.socket is None or m.welcome is None]
    await until(lambda: not missing(), 60, lambda: f"{len(missing())} members do not get in: {missing()[0].errors}")
    for room in rooms:
        room.members[0].say("SET_TRACK", track_id=TRACK, name="song.mp3", length_bytes=5, chunk_size_bytes=1024, kind="audio", duration_us=3_600_000_000)
        room.asked.append(5_000_000)
        room.members[0].say("PLAY", position_us=5_000_000)
    silent = lambda: [m for m in members if m.state["status"] != "PLAY"]
    await until(lambda: not silent(), 30, lambda: f"{len(silent())} members are not told to play")
    spread = [sum(m.url.startswith(s.url + "/") for m in members) for s in servers]
    note(f"{a.members} members in {a.rooms} rooms; members at each server: {spread}")
    stop = asyncio.Event()
    commanding = [asyncio.create_task(command(room, random.Random(dice.random()), stop)) for room in rooms]
    await asyncio.sleep(3)

    kills, starting = [], []
    for _ in range(a.rounds):
        for server in dice.sample(servers, len(servers)):
            begun = time.monotonic()
            at, started = await end(server, a, loop)
            kills.append((at, server.url))
            starting.append(started)
            if a.drain:
                await started
            await asyncio.sleep(max(0, begun + a.every - time.monotonic()))
        await asyncio.sleep(a.rest)
    await asyncio.gather(*starting)
    away = lambda: [m for m in members if m.socket is None]
    if away():
        note(f"{len(away())} members are still nowhere")
    stop.set()
    await asyncio.gather(*commanding)
    await asyncio.sleep(1)
    result = judge(a, rooms, members, kills, spread)
    for member in members:
        member.leave()
    await asyncio.wait(tasks, timeout=5)
    return result


def judge(a, rooms, members, kills, spread):
    # A member that is nowhere counts as away until now.
    away = [(end - begin) / 1e6 for m in members for begin, end, _ in m.aways]
    nowhere = [m for m in members if m.socket is None]
    away += [(now_us() - m.lost_us) / 1e6 for m in nowhere if m.lost_us]
    moves = [(m, *move, fleet_judge.jump(m.room, *move)) for m in members for move in m.arrivals]
    jumps = [us / 1e3 for *_, us in moves if us is not None]
    for m, before, after, us in moves:
        if us is not None and us / 1e3 > a.limit_jump_ms:
            told = [(s["seen_us"], *key_of(s), s["by"], s["note"], s["position_us"], start_of(s)) for s in sorted(m.room.states.values(), key=lambda s: s["seen_us"])]
            note(f"{m.room.name}, {m.name}: {key_of(before)} {start_of(before)} -> {key_of(after)} {start_of(after)}; told: {told}; asked for: {m.room.asked}")
    torn = [r.name for r in rooms if len({m.state["clock_id"] for m in r.members if m.socket}) > 1]
    lost_rooms = [r.name for r in rooms if len(set().union(*(m.secrets for m in r.members))) != 1]
    lost = [entry for r in rooms for entry in fleet_judge.lost_commands(r)]
    hops = [hop for m in members for hop in m.hops]
    changes = sum(len({k[1] for k in r.states}) - 1 for r in rooms)
    kept = sum(1 for r in rooms if r.members[0].welcome["role"] == "host")
    commands = sum(1 for r in rooms for s in r.states.values() if s["by"] is not None)
    result = {
        "servers": a.servers, "rooms": a.rooms, "members": a.members, "ended": len(kills), "members_at_each_at_first": spread,
        "rooms_that_moved": changes, "times_away": len(away), "commands": commands, "jumps_measured": len(jumps),
        "back_median_s": percentile(away, 0.5), "back_p99_s": percentile(away, 0.99), "back_max_s": max(away, default=None),
        "hops": len(hops), "hop_median_s": percentile(hops, 0.5), "hop_p99_s": percentile(hops, 0.99), "hop_max_s": max(hops, default=None),
        "jump_p99_ms": percentile(jumps, 0.99), "jump_max_ms": max(jumps, default=None),
        "rooms_lost": lost_rooms, "rooms_torn": torn, "commands_lost": lost, "members_nowhere": len(nowhere), "hosts_that_kept_their_place": kept,
    }
    misses = []
    if lost_rooms or torn:
        misses.append(f"{len(lost_rooms)} rooms lost, {len(torn)} torn apart")
    if lost:
        misses.append(f"{len(lost)} accepted commands lost")
    if nowhere:
        misses.append(f"{len(nowhere)} members nowhere")
    if a.drain:
        # In good order nobody is ever without a server.
        if away:
            misses.append(f"{len(away)} times a member was without a server, {max(away):.2f} s at the most")
        if not hops or result["hop_p99_s"] > a.limit_back:
            misses.append(f"over after {result['hop_p99_s']} s (p99)")
    elif not away or result["back_p99_s"] > a.limit_back:
        misses.append(f"back after {result['back_p99_s']} s (p99)")
    if not jumps or result["jump_max_ms"] > a.limit_jump_ms:
        misses.append(f"a jump of {result['jump_max_ms']} ms")
    return {**result, "misses": misses}


def tell(a, r):
    seconds = lambda s: "-" if s is None else f"{s:.2f} s"
    rows = [
        ("rooms lost, rooms torn apart", "0, 0", f"{len(r['rooms_lost'])}, {len(r['rooms_torn'])}"),
        ("accepted commands lost", "0", f"{len(r['commands_lost'])} of {r['commands']}"),
        ("members back (p99)", "never away" if a.drain else f"{a.limit_back:.2f} s", f"{seconds(r['back_p99_s'])}  (median {seconds(r['back_median_s'])}, longest {seconds(r['back_max_s'])}; {r['times_away']} times)"),
        ("members gone over, beside (p99)", f"{a.limit_back:.2f} s" if a.drain else "", f"{seconds(r['hop_p99_s'])}  (median {seconds(r['hop_median_s'])}, longest {seconds(r['hop_max_s'])}; {r['hops']} times)"),
        ("members nowhere at the end", "0", str(r["members_nowhere"])),
        ("largest jump of the position", f"{a.limit_jump_ms:g} ms", "-" if r["jump_max_ms"] is None else f"{r['jump_max_ms']:.3f} ms  ({r['jumps_measured']} measured)"),
        ("hosts that kept their place", "", f"{r['hosts_that_kept_their_place']} of {r['rooms']}"),
    ]
    print(f"{r['servers']} servers, {r['rooms']} rooms, {r['members']} members; {r['ended']} servers ended, {r['rooms_that_moved']} times a room moved")
    print(f"{'':32}{'asked':>10}  measured")
    for name, asked, measured in rows:
        print(f"{name:32}{asked:>10}  {measured}")
    print("within the limits" if not r["misses"] else "beyond the limits: " + "; ".join(r["misses"]))


def main():
    a = arguments()
    if a.self_test:
        wrong = fleet_judge.self_test()
        print("\n".join(wrong) or "jumps and lost commands are told from what a host asked for")
        return 1 if wrong else 0
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    a.seed = random.randrange(10**6) if a.seed is None else a.seed
    note(f"seed {a.seed}")
    folder = a.keep or tempfile.mkdtemp(prefix="swarmjam-fleet-")
    os.makedirs(folder, exist_ok=True)
    servers, database = [], None
    try:
        database = Database(folder)
        database.start()
        servers = [Server(chr(ord("a") + n), [a.jam], database, folder) for n in range(a.servers)]
        for server in servers:
            server.start()
        for server in servers:
            server.wait()
        result = asyncio.run(play(a, servers, random.Random(a.seed)))
    except RigError as problem:
        note(str(problem))
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        for server in servers:
            if server.process and server.process.poll() is None:
                server.kill()
        if database:
            database.close()
        if not a.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if a.json:
        print(json.dumps({"seed": a.seed, **result}))
    else:
        tell(a, result)
    return 1 if result["misses"] else 0


if __name__ == "__main__":
    sys.exit(main())
