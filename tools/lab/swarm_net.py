"""Machines that exist only as network namespaces: each with one shaped link to a bridge in a namespace of its own.

Nothing of it is seen from outside: a namespace lives as long as the process that holds it, and that process ends with the rig,
however the rig ends. So there is nothing left to clean up, not even after a kill -9.
"""
import ctypes
import os
import signal
import subprocess
import time

PREFIX = "10.77.0."


def end_with_parent():
    """A child ends with the rig (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class NetError(Exception):
    """The kernel would not make what was asked for; says what."""


def run(command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NetError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


class Machine:
    """A namespace, and the process that holds it."""

    def __init__(self, name):
        self.name = name
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], stdin=subprocess.DEVNULL, preexec_fn=end_with_parent,
                                       start_new_session=True)
        own = os.readlink("/proc/self/ns/net")
        until = time.monotonic() + 5
        while True:
            try:
                if os.readlink(f"/proc/{self.holder.pid}/ns/net") != own:
                    break
            except OSError:
                pass
            if self.holder.poll() is not None or time.monotonic() > until:
                raise NetError("network namespaces cannot be made here (unshare --net)")
            time.sleep(0.005)
        self.do("ip", "link", "set", "lo", "up")

    def within(self, *command):
        """A command as it is run inside."""
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "--", *command]

    def do(self, *command):
        return run(self.within(*command))

    def sent(self):
        """Packets and bytes that left it, headers with them."""
        with open(f"/proc/{self.holder.pid}/net/dev", encoding="ascii") as file:
            counts = [line.split(":")[1].split() for line in file if ":" in line and not line.lstrip().startswith("lo:")]
        return sum(int(fields[9]) for fields in counts), sum(int(fields[8]) for fields in counts)

    def close(self):
        self.holder.kill()
        self.holder.wait()


class Network:
    """A bridge and the machines on it."""

    def __init__(self, queue_ms, congestion):
        self.queue_ms, self.congestion = queue_ms, congestion
        self.machines = []
        self.middle = None

    def __enter__(self):
        try:
            self.middle = Machine("middle")
            self.middle.do("ip", "link", "add", "bridge", "type", "bridge")
            self.middle.do("ip", "link", "set", "bridge", "up")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for machine in [*self.machines, *([self.middle] if self.middle else [])]:
            machine.close()
        self.machines, self.middle = [], None

    def connect(self):
        """Nothing is left to do here: each machine is linked as it is added."""

    def add(self, name, up_mbit, down_mbit=None):
        """A machine; its link sends `up_mbit` and takes `down_mbit` Mbit/s, without a limit where None."""
        machine = Machine(name)
        self.machines.append(machine)
        machine.address = f"{PREFIX}{len(self.machines)}"
        machine.up_mbit, machine.down_mbit = up_mbit, down_mbit
        port = f"port{len(self.machines)}"
        self.middle.do("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", str(machine.holder.pid))
        self.middle.do("ip", "link", "set", port, "master", "bridge", "up")
        machine.do("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=1", "net.ipv4.tcp_no_metrics_save=1",
                   *([f"net.ipv4.tcp_congestion_control={self.congestion}"] if self.congestion else []))
        machine.do("ip", "address", "add", f"{machine.address}/24", "dev", "eth0")
        machine.do("ip", "link", "set", "eth0", "up")
        if up_mbit:
            self._shape(machine, "eth0", up_mbit)
        if down_mbit:
            self._shape(self.middle, port, down_mbit)
        return machine

    def _shape(self, machine, device, mbit):
        # What a home router does: a rate, and a queue of some milliseconds before it, but never less than twenty packets.
        limit = max(30_000, int(mbit * 1e6 / 8 * self.queue_ms / 1e3))
        burst = max(3_000, int(mbit * 1e6 / 8 * 0.002))
        machine.do("tc", "qdisc", "replace", "dev", device, "root", "tbf", "rate", f"{int(mbit * 1e6)}bit", "burst", str(burst),
                   "limit", str(limit))
