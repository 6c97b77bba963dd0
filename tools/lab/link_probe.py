"""What a link does to packets: `give` sends UDP probes at a steady pace, `take` says as JSON when each was sent and got. Run inside
namespaces of one machine, whose monotonic clock is one.
"""
import json
import socket
import struct
import sys
import time

PORT, HEADER = 7001, struct.Struct(">Qq")


def take(address, seconds):
    """Waits for the first probe, and ends when nothing has come for a while."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        s.bind((address, PORT))
        print("listening", flush=True)
        s.settimeout(seconds + 10)
        got = []
        try:
            while True:
                data = s.recv(2048)
                now = time.monotonic_ns()
                number, sent = HEADER.unpack_from(data)
                got.append((number, sent, now, len(data) + 28))     # with the headers of IP and UDP
                s.settimeout(1.5)
        except TimeoutError:
            pass
    json.dump(got, sys.stdout)


def give(address, seconds, interval_s, size):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((address, PORT))
        start = time.monotonic()
        number, padding = 0, bytes(max(0, size - HEADER.size))
        while (due := start + number * interval_s) < start + seconds:
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            s.send(HEADER.pack(number, time.monotonic_ns()) + padding)
            number += 1
    print(number)


if __name__ == "__main__":
    {"take": take, "give": give}[sys.argv[1]](sys.argv[2], float(sys.argv[3]), *(float(sys.argv[4]), int(sys.argv[5])) if len(sys.argv) > 4 else ())
