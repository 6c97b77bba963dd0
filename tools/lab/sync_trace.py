"""Tells from the traces that `tools/lab/sync --trace --keep DIR` leaves how far each viewer's estimate of the room clock was from the truth.

Each line of a trace ends with the peer's own steady clock and the machine's wall clock at one moment. The wall clock is the same for all,
so the traces together tell what the peers' clocks truly differ by, whatever they believe: python3 tools/lab/sync_trace.py DIR [SECONDS]
"""
import os
import sys

import numpy as np


def read(path):
    """A trace's answered probes, and its pairs of (steady clock, wall clock), in microseconds."""
    probes, pairs = [], []
    with open(path, encoding="ascii") as trace:
        for line in trace:
            words = line.split()
            pairs.append((float(words[-2]), float(words[-1])))
            if words[0] == "probe":
                probes.append([float(word) for word in words[1:-2]])
    return np.array(probes), np.array(pairs)


def line_through(pairs, since):
    """The steady clock less the wall clock, as a line over the wall clock; readings that were interrupted count for nothing."""
    wall, ahead = pairs[:, 1] - since, pairs[:, 0] - pairs[:, 1]
    first, use = ahead[0], np.ones(len(pairs), dtype=bool)
    for _ in range(4):
        rate, begin = np.polyfit(wall[use], (ahead - first)[use], 1)
        off = ahead - first - (begin + rate * wall)
        use = np.abs(off) < 3 * np.std(off[use]) + 0.5
    return first + begin, rate


def main():
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder, step = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 5
    traces = {name[:-6]: read(os.path.join(folder, name)) for name in sorted(os.listdir(folder)) if name.endswith(".trace")}
    since = traces["host"][1][0, 1]
    room_begin, room_rate = line_through(traces["host"][1], since)
    for name, (probes, pairs) in traces.items():
        if name == "host" or len(probes) == 0:
            continue
        begin, rate = line_through(pairs, since)
        # An answered probe: four stamps, then the estimate: when it holds, offset, drift, error, round trip.
        t4, known = probes[:, 3], np.isfinite(probes[:, 7])
        wall = since + (t4 - since - begin) / (1 + rate)
        truth = wall + room_begin + room_rate * (wall - since) - t4
        off = probes[:, 5] + probes[:, 6] * (t4 - probes[:, 4]) - truth
        print(f"{name}: clock fast by {1e6 * rate:+.2f} ppm, {len(probes)} probes")
        at = (wall - wall[0]) / 1e6
        for low in np.arange(0, at[-1], step):
            here = known & (at >= low) & (at < low + step)
            if here.any():
                print(f"  {low:6.1f} s  off by {np.median(off[here]):+8.1f} us, at most {np.max(np.abs(off[here])):8.1f}; "
                      f"says {np.median(probes[here, 7]):7.1f}; {here.sum()} probes")
    return 0


sys.exit(main())
