"""A database and servers on it as real processes. It ends what it started and nothing else."""
import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

from rig import RigError, _end_with_parent, free_port


def _user():
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    try:
        name = pwd.getpwnam("postgres").pw_name
    except KeyError:
        name = "nobody"
    return ["setpriv", f"--reuid={name}", "--clear-groups"]


class Database:
    """A PostgreSQL in a folder and on a port of its own."""

    def __init__(self, folder):
        self.port, self.log, self.folder = free_port(), os.path.join(folder, "database.log"), tempfile.mkdtemp(prefix="swarmjam-db-")
        self.data = os.path.join(self.folder, "data")
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        if not found:
            raise RigError("there is no PostgreSQL on this machine (Debian: postgresql)")
        self.bin = os.path.dirname(found[-1])
        os.makedirs(self.data, mode=0o700)
        as_user = _user()
        if as_user:
            os.chmod(self.folder, 0o711)
            shutil.chown(self.data, as_user[1].split("=")[1])
        done = subprocess.run([*as_user, f"{self.bin}/initdb", "-D", self.data, "-U", "jam", "-A", "trust", "-E", "UTF8", "--locale=C"],
                              cwd="/", capture_output=True, text=True, check=False)
        if done.returncode:
            raise RigError(f"the database cannot be made:\n{done.stderr}")
        self.process = None

    @property
    def address(self):
        return f"postgres://jam@127.0.0.1:{self.port}/postgres"

    def start(self):
        with open(self.log, "ab") as words:
            self.process = subprocess.Popen(
                [*_user(), f"{self.bin}/postgres", "-D", self.data, "-p", str(self.port), "-k", self.data, "-c", "listen_addresses=127.0.0.1"],
                cwd="/", stdout=words, stderr=words, preexec_fn=_end_with_parent)
        until = time.monotonic() + 15
        while subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False).returncode:
            if time.monotonic() > until or self.process.poll() is not None:
                raise RigError(f"the database does not start; see {self.log}")
            time.sleep(0.05)

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(10)


class Server:
    """One of the fleet's servers; killed, it may be started again at the same address."""

    def __init__(self, name, jam, database, folder):
        self.name, self.jam, self.database, self.folder = name, jam, database, folder
        self.port, self.starts, self.process = free_port(), 0, None

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}"

    def start(self):
        self.starts += 1
        log = os.path.join(self.folder, f"{self.name}.{self.starts}")
        env = {**os.environ, "JAM_POSTGRES": self.database.address, "DOTNET_gcServer": "0"}
        with open(f"{log}.out", "wb") as words:
            self.process = subprocess.Popen(
                [*self.jam, "server", "--port", str(self.port), "--bind", "127.0.0.1", "--url", self.url, "--log-file", f"{log}.log", "--log-level", "info"],
                env=env, stdin=subprocess.DEVNULL, stdout=words, stderr=words, start_new_session=True, preexec_fn=_end_with_parent)

    def wait(self, seconds=60):
        until = time.monotonic() + seconds
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1) as answer:
                    return answer.read()
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise RigError(f"server {self.name} does not come up; see {self.folder}") from None
                time.sleep(0.05)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=15):
        """Asks it to end in good order; says how long that took."""
        if not self.process or self.process.poll() is not None:
            return 0
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        return time.monotonic() - begun
