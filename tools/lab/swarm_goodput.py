"""What plain TCP carries: `take` counts what comes for some seconds, `give` sends as much as it can, over so many connections. Run
inside a namespace.

The first second does not count: it is the start of a TCP connection, not the link.
"""
import os
import selectors
import socket
import statistics
import subprocess
import sys
import threading
import time

PORT, LEAD = 7000, 1.0
PAYLOAD = 1448 / 1514      # of a full packet on Ethernet, with TCP's timestamps


def measure(network, seconds, connections):
    """Bytes per second that each machine's TCP carries to the next one, all at once, over so many connections."""
    machines = network.machines
    program = ["/usr/bin/python3", "-B", os.path.abspath(__file__)]
    takers, givers = [], []
    try:
        for machine in machines:
            takers.append(subprocess.Popen(machine.within(*program, "take", machine.address, str(seconds), str(connections)), stdout=subprocess.PIPE, text=True))
        for machine, following in zip(machines, machines[1:] + machines[:1]):
            givers.append(subprocess.Popen(machine.within(*program, "give", following.address, str(seconds), str(connections))))
        rates = [float(taker.communicate(timeout=seconds + 30)[0]) for taker in takers]
    finally:
        for process in takers + givers:
            if process.poll() is None:
                process.kill()
            process.wait()
    # Machine i + 1 took what machine i gave. A link that did worse than most for its rate was unlucky (a timer, a busy processor): a
    # bound that is too easy would flatter the room. And none carries more than its rate less the headers of full packets: what seems to
    # was counted over too short a time, since the taker had to wait for a processor.
    rates = rates[1:] + rates[:1]
    usual = statistics.median(rate / machine.up_mbit for rate, machine in zip(rates, machines))
    return [min(max(rate, usual * machine.up_mbit), machine.up_mbit * 1e6 / 8 * PAYLOAD) for rate, machine in zip(rates, machines)]


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
