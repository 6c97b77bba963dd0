"""Does everyone find everyone who was told of one other alone? A server on a machine of its own, a host, and viewers each of whom knows
only the viewer before it; then the server is killed (-9) and stays away, and one more viewer comes that knows one viewer. On the way the
host gives the room another track in mid-transfer. Part of tools/lab/swarm --meet.
"""
import json
import os
import signal
import subprocess
import time

from swarm_net import NetError, end_with_parent
from swarm_peers import Peer, end_all

SERVER_PORT = 8000


class Meeting:
    def __init__(self, a, network, folder, tracks, port, bound, say):
        self.a, self.folder, self.tracks, self.port, self.bound, self.say = a, folder, tracks, port, bound, say
        self.machines, self.peers, self.server = network.machines, [], None

    def wait(self, condition, seconds, words):
        """Seconds until it came true."""
        begin = time.monotonic()
        while not condition():
            gone = [peer.name for peer in self.peers if peer.process.poll() is not None]
            if gone or time.monotonic() > begin + seconds:
                raise NetError("\n".join([words, *(f"  {name} ended by itself" for name in gone)]
                                         + [f"  {p.name}: {line}" for p in self.peers for _, line in p.said[-3:]]))
            time.sleep(0.02)
        return time.monotonic() - begin

    def start_server(self, machine):
        with open(os.path.join(self.folder, "server.log"), "w", encoding="utf-8") as log:
            self.server = subprocess.Popen(
                machine.within(self.a.jam, "server", "--port", str(SERVER_PORT), "--bind", machine.address, "--log-file", "none"),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, preexec_fn=end_with_parent)
        return f"ws://{machine.address}:{SERVER_PORT}"

    def start(self, machine, *role):
        peer = Peer(machine.name, machine, [
            self.a.jam, "--name", machine.name, "--listen-port", str(self.port), "--server-port", str(SERVER_PORT), "--output", "null", "--no-discovery",
            "--status-every", "0.1", "--cache", os.path.join(self.folder, f"cache-{machine.name}"), *role], self.folder)
        self.peers.append(peer)
        return peer

    def view(self, machine, known):
        return self.start(machine, "--connect", f"{known.address}:{self.port}")

    def all_met(self):
        return all(p.report and len(p.report["links"]) == len(self.peers) - 1 for p in self.peers)

    def all_have(self, track):
        return all(p.has_track() and p.report["track"]["track_id"] == track for p in self.peers)

    def run(self):
        server, host, *viewers = self.machines
        *first, late = viewers
        try:
            url = self.start_server(server)
            self.start(host, "--role", "host", "--server", url)
            self.wait(lambda: self.peers[0].report and self.peers[0].report["server_connected"], 30, "the host does not come up")
            begin = time.monotonic()
            for machine, known in zip(first, [host, *first]):
                viewer = self.view(machine, known)
                self.wait(lambda p=viewer: p.report and p.report["links"], 30, f"{machine.name} finds nobody")
            self.wait(self.all_met, 60, "not everyone is connected to everyone")
            met = time.monotonic() - begin
            self.say(f"all {len(first) + 1} met")
            # The second track comes while the first is under way; `next` leaves that one half-fetched.
            self.peers[0].command(f"seed {self.tracks[0]}")
            self.wait(lambda: all(p.report["track"] and p.report["track"]["chunks_have"] for p in self.peers), 60, "the first track does not come")
            under_way = sum(not p.has_track() for p in self.peers)
            self.peers[0].command(f"seed {self.tracks[1]}")
            self.wait(lambda: len(self.peers[0].report["playlist"]) == 2, 30, "there is no second track")
            after = self.peers[0].report["playlist"][1]["track_id"]
            self.peers[0].command("next")
            changed = self.wait(lambda: self.all_have(after), 60 + 10 * self.bound, "not everyone has the second track")
            self.say("the track was changed in mid-transfer; killing the server")
            os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()
            self.wait(lambda: not any(p.report["server_connected"] for p in self.peers), 30, "nobody misses the server")
            newcomer = self.view(late, first[-1])
            late_met = self.wait(lambda: self.all_met() and newcomer.report["links"], 90, f"{late.name} and the rest do not meet")
            late_has = self.wait(lambda: self.all_have(after), 60 + 10 * self.bound, f"{late.name} does not get the track")
            return {"viewers": len(viewers), "met_s": met, "late_met_s": late_met, "late_has_s": late_met + late_has,
                    "changed_s": changed, "under_way": under_way, "bad_chunks": sum(p.report["track"]["bad_chunks"] for p in self.peers)}
        finally:
            end_all(self.peers)
            if self.server and self.server.poll() is None:
                os.killpg(self.server.pid, signal.SIGKILL)
                self.server.wait()


def tell(r):
    print(f"each of {r['viewers'] - 1} viewers was told of one other peer, and all were connected {r['met_s']:.1f} s after the first began")
    print(f"the track was changed when {r['under_way']} of them had not got all of it; everyone had the next one {r['changed_s']:.1f} s later")
    print(f"after the server's end one more came that knew one viewer: connected to all after {r['late_met_s']:.1f} s, complete after {r['late_has_s']:.1f} s; "
          f"{r['bad_chunks']} bad chunks")


def measure(a, network, folder, tracks, port, bound, say):
    """Runs it and tells; the exit code."""
    result = Meeting(a, network, folder, tracks, port, bound, say).run()
    if a.json:
        print(json.dumps(result))
    else:
        tell(result)
    return 0 if result["under_way"] and not result["bad_chunks"] else 1
