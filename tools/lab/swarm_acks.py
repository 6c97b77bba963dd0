"""What TCP's acknowledgements alone cost a machine whose link sends little: it fetches a file by plain TCP from machines whose links send
much, as a viewer on such a link does, and nothing else. The fluid bound of the rig does not count them. Wants root:

    tools/lab/swarm_acks.py [--up 0.2] [--rates 20,1,2,4,8,12,16,20] [--size 5] [--lump-ms 40]

With --lump-ms it reads as a peer on such a link does, that long apart from a receive buffer of 64 KiB.
"""
import argparse
import os
import socket
import subprocess
import sys
import threading
import time

from swarm_net import Network

PORT = 7000
LUMP_BUFFER = 64 * 1024
SELF = ["/usr/bin/python3", "-B", os.path.abspath(__file__)]


def serve(address, size):
    with socket.create_server((address, PORT)) as listener:
        print("ready", flush=True)
        connection, _ = listener.accept()
        with connection:
            connection.sendall(bytes(size))
            connection.recv(1)      # until the other end has all


def fetch(lump_ms, shares):
    """Each of `address:bytes` at once; prints the seconds until all of it is here."""
    def one(share):
        address, size = share.split(":")
        left = int(size)
        with socket.create_connection((address, PORT)) as connection:
            if lump_ms:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, LUMP_BUFFER)
            while left > 0:
                left -= len(connection.recv(1 << 18))
                time.sleep(lump_ms / 1e3)
    start = time.monotonic()
    threads = [threading.Thread(target=one, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(time.monotonic() - start)


def measure(up, rates, size, lump_ms, words):
    with Network(100, None) as network:
        taker = network.add("taker", up)
        givers = [network.add(f"g{i}", rate) for i, rate in enumerate(rates)]
        shares = [int(size * rate / sum(rates)) for rate in rates]
        servers = [subprocess.Popen(giver.within(*SELF, "serve", giver.address, str(share)), stdout=subprocess.PIPE, text=True)
                   for giver, share in zip(givers, shares)]
        try:
            for server in servers:
                server.stdout.readline()
            before = taker.sent()
            took = float(taker.do(*SELF, "fetch", str(lump_ms), *(f"{giver.address}:{share}" for giver, share in zip(givers, shares))))
            packets, count = (after - since for after, since in zip(taker.sent(), before))
        finally:
            for server in servers:
                server.kill()
                server.wait()
    bound = size * 8 / 1e6 / sum(rates)
    print(f"{words}: {took:.2f} s (the givers' links carry it in {bound:.2f} s); {packets} packets and {count / 1e3:.0f} kB back, "
          f"{count * 8 / 1e6 / up:.2f} s of its own {up} Mbit/s")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--up", type=float, default=0.2, metavar="MBIT", help="what the taker's link sends (default 0.2)")
    p.add_argument("--rates", default="20,1,2,4,8,12,16,20", metavar="A,B", help="what the givers' links send (default: the others of the uneven room)")
    p.add_argument("--size", type=float, default=5, metavar="MB", help="million bytes (default 5)")
    p.add_argument("--lump-ms", type=float, default=0, metavar="MS", help="read that long apart, as a peer on such a link does (default 0: as it comes)")
    a = p.parse_args()
    rates, size = [float(rate) for rate in a.rates.split(",")], int(a.size * 1e6)
    measure(a.up, [max(rates)], size, a.lump_ms, "from one")
    # No faster than a room would bring it: each gives the same part of its link to every one of the others.
    measure(a.up, [rate / len(rates) for rate in rates], size, a.lump_ms, f"from {len(rates)}, an {len(rates)}th of each link")
    measure(a.up, rates, size, a.lump_ms, f"from {len(rates)} at once")


if __name__ == "__main__":
    {"serve": lambda: serve(sys.argv[2], int(sys.argv[3])), "fetch": lambda: fetch(float(sys.argv[2]), sys.argv[3:])}.get(sys.argv[1] if len(sys.argv) > 1 else "", main)()
