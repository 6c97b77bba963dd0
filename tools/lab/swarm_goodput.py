"""What plain TCP carries: `take` counts what comes for some seconds, `give` sends as much as it can, over so many connections. Run
inside a namespace.

The first second does not count: it is the start of a TCP connection, not the link.
"""
import selectors
import socket
import sys
import threading
import time

PORT, LEAD = 7000, 1.0


def take(address, seconds, connections):
    with socket.create_server((address, PORT), backlog=connections) as listener, selectors.DefaultSelector() as ready:
        listener.settimeout(seconds + 10)
        for _ in range(connections):
            ready.register(listener.accept()[0], selectors.EVENT_READ)
        start, count, first = time.monotonic(), 0, 0
        last = start
        while last - start < LEAD + seconds:
            for key, _ in ready.select(seconds + 10):
                got = len(key.fileobj.recv(1 << 18))
                last = time.monotonic()
                if got == 0:
                    ready.unregister(key.fileobj)
                elif last - start < LEAD:
                    first = last
                else:
                    count += got
            if not ready.get_map():
                break
        print(count / (last - first) if first else 0)


def give(address, _, connections):
    threads = [threading.Thread(target=give_one, args=(address,)) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def give_one(address):
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
    {"take": take, "give": give}[sys.argv[1]](sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))
