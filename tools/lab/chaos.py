"""Breaks everything of a room at random and checks what must hold all the same.

A fleet of servers on a PostgreSQL of its own (or one server with --data), a host and viewers run as real processes, each on a machine of
its own (a network namespace) where these are to be had. By a seed, servers, database, host and viewers are killed (-9), stopped for a
while, cut off, started again; what lies on a killed viewer's disk is spoilt, another's disk is too small. Then all is mended, and checked:
one owner of the room, records that only go up, everyone on one state, tracks bit-identical, and no gap in the playing of those who
were left alone. See ../README.md."""
import argparse
import json
import os
import signal
import sys

import chaos_selftest
from chaos_room import can_make_machines
from chaos_run import run
from rig import JAM, RigError
from swarm_net import NetError

PROGRAM = os.path.join(os.path.dirname(os.path.dirname(JAM)), "artifacts", "jam", "Jam.Peer.dll")


def arguments():
    p = argparse.ArgumentParser(prog="tools/lab/chaos", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seeds", type=int, default=1, metavar="N", help="how many, from --seed on (default 1)")
    p.add_argument("--seed", type=int, default=1, metavar="S", help="the first (default 1)")
    p.add_argument("--seconds", type=float, default=15, metavar="T", help="how long things go wrong in each (default 15)")
    p.add_argument("--patience", type=float, default=45, metavar="S", help="how soon after that all must be well (default 45)")
    p.add_argument("--servers", type=int, default=3, metavar="N", help="(default 3)")
    p.add_argument("--viewers", type=int, default=3, metavar="N", help="(default 3)")
    p.add_argument("--plain", action="store_true", help="one server that keeps its rooms in a folder, and no database")
    p.add_argument("--loopback", action="store_true", help="no machines of their own: nothing is cut off, and no disk is small")
    p.add_argument("--program", metavar="FILE", help="the program to break (default: this clone's)")
    p.add_argument("--json", action="store_true", help="each seed as one JSON object")
    p.add_argument("--keep", metavar="DIR", help="keep the logs of seeds in which something broke there; with --keep-all those of all")
    p.add_argument("--keep-all", action="store_true", help=argparse.SUPPRESS)
    p.add_argument("--self-test", action="store_true", help="breaks each invariant on purpose; each must be noticed")
    a = p.parse_args()
    if a.seeds < 1 or a.seconds < 2 or not 1 <= a.servers <= 8 or not 1 <= a.viewers <= 8 or a.patience < 5:
        p.error("--seeds must be 1 at least, --seconds 2, --patience 5, --servers and --viewers 1 to 8")
    a.program = [a.program] if a.program else ["dotnet", PROGRAM]
    a.has_machines = not a.loopback and can_make_machines()
    return a


def note(words):
    print(words, file=sys.stderr, flush=True)


def replay(a, seed):
    options = [f"--seed {seed}", f"--seconds {a.seconds:g}", f"--viewers {a.viewers}"]
    options += ["--plain"] if a.plain else [f"--servers {a.servers}"]
    return " ".join(["tools/lab/chaos", *options, *([] if a.has_machines else ["--loopback"])])


def tell(a, r):
    if a.json:
        print(json.dumps({**r, "replay": replay(a, r["seed"])}), flush=True)
        return
    figures = f"{r['events']} events, {r['epochs']} epochs, well {r['well_after_s']:.1f} s after, took {r['took_s']:.0f} s"
    print(f"seed {r['seed']}: pass ({figures})" if not r["broken"] else f"seed {r['seed']}: BROKEN {r['broken'][0]} ({figures})", flush=True)
    if r["broken"]:
        for words in r["broken"][1:6]:
            print(f"    and {words}")
        if len(r["broken"]) > 6:
            print(f"    and {len(r['broken']) - 6} more")
        print(f"    again: {replay(a, r['seed'])} --keep DIR", flush=True)


def main():
    a = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    if not a.has_machines and not a.loopback:
        note("No network namespaces here (that takes root): nothing is cut off, and no disk is small.")
    try:
        if a.self_test:
            missed = chaos_selftest.run_all(a)
            print("\n".join(missed) or "each invariant, broken on purpose, was noticed")
            return 1 if missed else 0
        failed = []
        for seed in range(a.seed, a.seed + a.seeds):
            result = run(a, seed)
            tell(a, result)
            failed += [seed] if result["broken"] else []
        if a.seeds > 1 and not a.json:
            print(f"{a.seeds - len(failed)} of {a.seeds} seeds passed" + (f"; broken: {' '.join(map(str, failed))}" if failed else ""))
        return 1 if failed else 0
    except (RigError, NetError) as problem:
        note(str(problem))
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
