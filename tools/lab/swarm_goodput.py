"""What plain TCP carries: `take` counts what comes for some seconds, `give` sends as much as it can. Run inside a namespace.

The first second does not count: it is the start of a TCP connection, not the link.
"""
import socket
import sys
import time

PORT, LEAD = 7000, 1.0


def take(address, seconds):
    with socket.create_server((address, PORT)) as listener:
        listener.settimeout(seconds + 10)
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(seconds + 10)
            start, count, first = time.monotonic(), 0, 0
            last = start
            while last - start < LEAD + seconds:
                got = len(connection.recv(1 << 18))
                if got == 0:
                    break
                last = time.monotonic()
                if last - start < LEAD:
                    first = last
                else:
                    count += got
            print(count / (last - first) if first else 0)


def give(address, seconds):
    block = bytes(1 << 16)
    for _ in range(100):
        try:
            connection = socket.create_connection((address, PORT), 5)
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    with connection:
        try:
            while True:
                connection.send(block)
        except OSError:
            return


if __name__ == "__main__":
    {"take": take, "give": give}[sys.argv[1]](sys.argv[2], float(sys.argv[3]))
