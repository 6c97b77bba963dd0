"""Measures links with probes of its own and says what was asked for beside what was measured."""
import json
import os
import statistics
import subprocess

from link_net import LinkNetwork

# Ahead of whatever else the machine does, or the probes would measure that.
PROBE = ["chrt", "--rr", "5", "/usr/bin/python3", "-B", os.path.join(os.path.dirname(os.path.abspath(__file__)), "link_probe.py")]


def probe(giver, taker, seconds, interval_s, size):
    """(sent, [(number, sent ns, got ns, bytes)])"""
    receiver = subprocess.Popen(taker.within(*PROBE, "take", taker.address, str(seconds)), stdout=subprocess.PIPE, text=True)
    try:
        receiver.stdout.readline()
        sender = subprocess.run(giver.within(*PROBE, "give", taker.address, str(seconds), str(interval_s), str(size)),
                                capture_output=True, text=True, check=True)
        return int(sender.stdout), json.loads(receiver.communicate(timeout=seconds + 30)[0])
    finally:
        receiver.kill()
        receiver.wait()


def delays_ms(got):
    return [(at - sent) / 1e6 for _, sent, at, _ in got]


def self_test(figures, seconds=10):
    """The link as asked for, one property at a time where they would hide each other; exit code."""
    failures = 0

    def check(name, asked, measured, low, high, unit):
        nonlocal failures
        good = low <= measured <= high
        failures += not good
        print(f"{'ok  ' if good else 'FAIL'} {name:<34} asked {asked:8.3f} {unit:<7} measured {measured:8.3f}")

    def network(**changes):
        return LinkNetwork({**figures, **changes})

    with network(jitter=0, loss=0, stall=0) as net:
        a, b = net.add("a"), net.add("b")
        net.connect()
        _, got = probe(a, b, 4, 0.01, 64)
        took, asked = sorted(delays_ms(got)), figures["delay"]
        check("delay: median", asked, statistics.median(took), asked, asked + 0.4, "ms")
        check("delay: 95 of 100", asked, took[int(0.95 * len(took))], asked, asked + 1, "ms")
    if figures["jitter"]:
        with network(loss=0, stall=0) as net:
            a, b = net.add("a"), net.add("b")
            net.connect()
            # Far enough apart that hardly one waits for another.
            _, got = probe(a, b, 1.5 * seconds, 0.02, 64)
            took = delays_ms(got)
            asked = figures["delay"] + figures["jitter"]
            # An exponential spreads as much as it is long; the mean of n by the root of n less.
            wide = 4 * figures["jitter"] / len(took) ** 0.5
            check("delay and jitter: mean", asked, statistics.fmean(took), asked - wide, asked + wide + 0.4, "ms")
            spread = figures["jitter"]
            check("jitter: deviation", spread, statistics.pstdev(took), 0.75 * spread, 1.3 * spread, "ms")
            numbers = [number for number, *_ in got]
            check("out of order", 0, sum(x > y for x, y in zip(numbers, numbers[1:])), 0, 0, "packets")
    if figures["loss"]:
        with network(jitter=0, stall=0, rate=0) as net:
            a, b = net.add("a"), net.add("b")
            net.connect()
            sent, got = probe(a, b, seconds, 0.0005, 64)
            part = figures["loss"] / 100
            wide = 4 * (part * (1 - part) / sent) ** 0.5
            check("loss", 100 * part, 100 * (1 - len(got) / sent), 100 * (part - wide), 100 * (part + wide), "%")
    if figures["rate"]:
        with network(jitter=0, stall=0, loss=0) as net:
            a, b = net.add("a"), net.add("b")
            net.connect()
            _, got = probe(a, b, 4, 1428 * 8 / (1.3e6 * figures["rate"]), 1400)
            since = [g for g in got if g[2] > got[0][2] + 1e9]
            rate = sum(size for *_, size in since[1:]) * 8e3 / (since[-1][2] - since[0][2])
            check("rate, offered a third more", figures["rate"], rate, 0.97 * figures["rate"], 1.03 * figures["rate"], "Mbit/s")
            waited = max(delays_ms(got)) - figures["delay"]
            check("longest queue", figures["queue"], waited, 0.85 * figures["queue"], 1.15 * figures["queue"] + 3, "ms")
    if figures["stall"]:
        with network(jitter=0, loss=0, rate=0) as net:
            a, b = net.add("a"), net.add("b")
            net.connect()
            _, got = probe(a, b, 2.5 * figures["every"], 0.001, 64)
            gaps = [(at, (at - before) / 1e6) for (*_, before, _), (*_, at, _) in zip(got, got[1:])]
            stalls = [(at, gap) for at, gap in gaps if gap > 0.5 * figures["stall"]]
            # Two machines that stall in turn, unless they happen to do it together.
            check("stalls in two and a half periods", 5, len(stalls), 2, 6, "")
            if stalls:
                check("length of a stall", figures["stall"], statistics.median(g for _, g in stalls), 0.8 * figures["stall"],
                      1.6 * figures["stall"] + 3, "ms")
    busy(figures, check)
    print(f"{failures} of the checks failed" if failures else "all checks passed")
    return 1 if failures else 0


def busy(figures, check):
    """Eight machines that send 50 Mbit/s in sum, each to the next one."""
    seconds, each = 5, 50 / 8
    with LinkNetwork({**figures, "rate": 0, "loss": 0, "stall": 0, "jitter": 0}) as net:
        machines = [net.add(f"m{i}") for i in range(8)]
        net.connect()
        before = net.cpu()
        takers = [subprocess.Popen(m.within(*PROBE, "take", m.address, str(seconds)), stdout=subprocess.PIPE, text=True) for m in machines]
        try:
            for taker in takers:
                taker.stdout.readline()
            interval = 1428 * 8 / (each * 1e6)
            givers = [subprocess.Popen(m.within(*PROBE, "give", n.address, str(seconds), str(interval), "1400"), stdout=subprocess.PIPE, text=True)
                      for m, n in zip(machines, machines[1:] + machines[:1])]
            sent = sum(int(giver.communicate()[0]) for giver in givers)
            cpu = (net.cpu() - before) / seconds
            got = [json.loads(taker.communicate(timeout=seconds + 30)[0]) for taker in takers]
        finally:
            for taker in takers:
                taker.kill()
                taker.wait()
    rate = sum(size for g in got for *_, size in g) * 8e-6 / seconds
    check("8 machines: carried", 50, rate, 48, 52, "Mbit/s")
    check("8 machines: arrived", 100, 100 * sum(len(g) for g in got) / sent, 99.9, 100, "%")
    check("8 machines: a processor's share", 0, 100 * cpu, 0, 40, "%")
