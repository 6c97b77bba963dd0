"""Makes machines (network namespaces) whose links delay, jitter, stall, lose and limit what they carry, and keeps them until Ctrl-C.

What a machine sends comes late by the delay and the jitter given here, in order, or is lost; rate and stalls hold for what it gets,
too. See ../README.md.
"""
import argparse
import signal
import sys

import link_net
from link_selftest import self_test
from swarm_net import NetError


def arguments():
    p = argparse.ArgumentParser(prog="tools/lab/link", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("link", nargs="?", default="plain", metavar="LINK", help=link_net.HELP.replace("%", "%%") + " (default plain)")
    p.add_argument("--machines", type=int, default=3, metavar="N", help="2 to 64 (default 3)")
    for key, unit in (("delay", "MS"), ("jitter", "MS"), ("stall", "MS"), ("queue", "MS"), ("every", "S"), ("rate", "MBIT"), ("loss", "PERCENT")):
        name = f"--{key}-ms" if unit == "MS" else f"--{key}"
        p.add_argument(name, dest=key, type=float, metavar=unit, help=f"{key} instead of the preset's")
    p.add_argument("--seed", type=int, default=1, help="of losses and delays (default 1)")
    p.add_argument("--self-test", action="store_true", help="measure with probes whether the link does what was asked of it")
    a = p.parse_args()
    values = [f"{key}={getattr(a, key)}" for key in ("delay", "jitter", "stall", "queue", "every", "rate", "loss") if getattr(a, key) is not None]
    try:
        a.figures = link_net.parse(",".join([a.link, *values]))
    except ValueError as problem:
        p.error(str(problem))
    if not 2 <= a.machines <= 64:
        p.error("--machines must be within 2 and 64")
    return a


def main():
    a = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    try:
        if a.self_test:
            return self_test(a.figures)
        with link_net.LinkNetwork(a.figures, a.seed) as network:
            for i in range(a.machines):
                network.add(f"m{i + 1}")
            network.connect()
            for machine in network.machines:
                print(f"{machine.name}  {machine.address}  {' '.join(machine.within('COMMAND'))}")
            print("Ctrl-C ends them.", flush=True)
            network.program.wait()
            return 1
    except NetError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
