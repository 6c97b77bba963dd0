"""A way to the sound server that can be cut: to whoever is at its other end, the server has died and comes back later."""
import socket
import threading


class Cable:
    """Passes on what comes to a port of this machine; ends with the rig, whose threads these are."""

    def __init__(self, target):
        self._target, self._joined, self._is_whole, self._gate = target, [], True, threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        with self._gate:
            self._is_whole = False
            for end in self._joined:
                _hang_up(end)
            self._joined = []

    def mend(self):
        with self._gate:
            self._is_whole = True

    def _accept(self):
        while True:
            near, _ = self._listener.accept()
            with self._gate:
                if not self._is_whole:
                    near.close()
                    continue
                far = socket.create_connection(("127.0.0.1", self._target))
                for end in (near, far):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._joined += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_pass, args=(source, sink), daemon=True).start()


def _pass(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass                    # cut
    for end in (source, sink):
        _hang_up(end)


def _hang_up(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass                    # gone already
    end.close()
