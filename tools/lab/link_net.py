"""Machines (network namespaces) joined by tools/lab/Jam.Link, a program that carries every packet between them: rate, delay, jitter,
stalls and loss, per machine and direction, also where the kernel has no netem.

A packet is delayed, and may be lost, on its sender's side, as netem on every machine's way out would have it; so a round trip meets two
delays. Rate and stalls hold for what a machine sends and for what it gets.
"""
import json
import os
import select
import subprocess

from swarm_net import Machine, NetError, end_with_parent

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(HERE, "Jam.Link", "bin", "Release", "net10.0", "Jam.Link.dll")
PREFIX = "10.78.0."
DEVICE = "air0"

PRESETS = {
    "plain": {},
    "wifi": {"delay": 2, "jitter": 3, "loss": 0.5},
    "campus": {"delay": 2, "jitter": 3, "loss": 0.5, "stall": 60, "every": 4, "rate": 50},
}
UNITS = "rate (Mbit/s), delay, jitter (mean), stall and queue (ms), every (s, between stalls), loss (%)"
HELP = f"a preset ({', '.join(PRESETS)}), values, or both, as campus,loss=1 or delay=10,jitter=5,rate=20: {UNITS}"


def parse(words):
    """A link's figures from words such as `campus,loss=1`; ValueError says what is wrong."""
    figures = {"rate": 0, "delay": 0, "jitter": 0, "loss": 0, "stall": 0, "every": 4, "queue": 100}
    for word in words.split(","):
        key, equals, value = word.partition("=")
        if not equals and word in PRESETS:
            figures.update(PRESETS[word])
        elif equals and key in figures:
            figures[key] = float(value)
        else:
            raise ValueError(f"{word!r} is not a link: {HELP}")
    if min(figures.values()) < 0 or figures["loss"] > 100 or (figures["stall"] and figures["stall"] >= figures["every"] * 1e3):
        raise ValueError(f"{words!r}: nothing may be below 0, loss at most 100, a stall shorter than the time between stalls")
    return figures


def shape(figures, rate=None, sends=True):
    """One direction, as the program reads it; `rate` stands in for the one in the figures. A rate of 0 is no limit."""
    late = {"delay_ms": figures["delay"], "jitter_ms": figures["jitter"], "loss": figures["loss"] / 100}
    return {"rate_mbit": figures["rate"] if rate is None else rate, "queue_ms": figures["queue"], "stall_ms": figures["stall"],
            "stall_every_ms": figures["every"] * 1e3, **(late if sends else dict.fromkeys(late, 0))}


class LinkNetwork:
    """Machines with a link each. After the last `add` comes `connect`; everything ends with the rig, however the rig ends."""

    def __init__(self, figures, seed=1, congestion=None):
        self.figures, self.seed, self.congestion = figures, seed, congestion
        self.machines = []
        self.program = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.program:
            self.program.kill()
            self.program.wait()
        for machine in self.machines:
            machine.close()
        self.program, self.machines = None, []

    def add(self, name, up_mbit=None, down_mbit=None):
        """A machine; `up_mbit` where it sends at another rate than the figures say: then it takes `down_mbit`, or any amount."""
        machine = Machine(name)
        self.machines.append(machine)
        machine.address = f"{PREFIX}{len(self.machines)}"
        figures = self.figures
        machine.up_mbit, machine.down_mbit = up_mbit or figures["rate"], down_mbit or figures["rate"]
        machine.shapes = shape(figures, up_mbit), shape(figures, down_mbit or (0 if up_mbit else None), sends=False)
        return machine

    def connect(self):
        """Starts the program and gives the machines their addresses."""
        spec = {"seed": self.seed, "hosts": [
            {"name": m.name, "pid": m.holder.pid, "device": DEVICE, "address": m.address, "up": m.shapes[0], "down": m.shapes[1]}
            for m in self.machines]}
        self.program = subprocess.Popen(["dotnet", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        start_new_session=True, preexec_fn=end_with_parent)
        self.program.stdin.write(json.dumps(spec) + "\n")
        self.program.stdin.flush()
        readable, _, _ = select.select([self.program.stdout], [], [], 20)
        if not readable or self.program.stdout.readline() != "ready\n":
            raise NetError("the link did not start; its words stand above")
        for machine in self.machines:
            machine.do("sysctl", "-qw", f"net.ipv6.conf.{DEVICE}.disable_ipv6=1", "net.ipv4.tcp_no_metrics_save=1",
                       *([f"net.ipv4.tcp_congestion_control={self.congestion}"] if self.congestion else []))
            machine.do("ip", "address", "add", f"{machine.address}/24", "dev", DEVICE)
            machine.do("ip", "link", "set", DEVICE, "up")

    def cpu(self):
        """Seconds of processor time that the program has taken."""
        with open(f"/proc/{self.program.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
