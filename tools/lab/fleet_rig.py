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


class Loopback:
    """This machine, where no other is asked for."""
    name, address = "here", "127.0.0.1"

    @staticmethod
    def within(*command):
        return list(command)


class Database:
    """A PostgreSQL in a folder and on a port of its own; on another machine (a namespace) it lets everyone of its network in."""

    def __init__(self, folder, machine=Loopback):
        self.machine = machine
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
        if machine is not Loopback:
            with open(os.path.join(self.data, "pg_hba.conf"), "a", encoding="ascii") as doors:
                doors.write("host all all samenet trust\n")
        self.process = None

    @property
    def address(self):
        return f"postgres://jam@{self.machine.address}:{self.port}/postgres"

    def begin(self):
        """Starts it, without waiting for it."""
        with open(self.log, "ab") as words:
            self.process = subprocess.Popen(
                self.machine.within(*_user(), f"{self.bin}/postgres", "-D", self.data, "-p", str(self.port), "-k", self.data,
                                    "-c", f"listen_addresses={self.machine.address}"),
                cwd="/", stdout=words, stderr=words, preexec_fn=_end_with_parent)

    def start(self):
        self.begin()
        until = time.monotonic() + 15
        while subprocess.run([f"{self.bin}/pg_isready", "-q", "-h", self.machine.address, "-p", str(self.port)], check=False).returncode:
            if time.monotonic() > until or self.process.poll() is not None:
                raise RigError(f"the database does not start; see {self.log}")
            time.sleep(0.05)

    def ask(self, sql, seconds=10):
        """The rows of an answer, as texts."""
        try:
            done = subprocess.run([f"{self.bin}/psql", "-h", self.machine.address, "-p", str(self.port), "-U", "jam", "-d", "postgres", "-AtF", "|", "-c", sql],
                                  cwd="/", capture_output=True, text=True, check=False, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise RigError(f"the database does not answer within {seconds} s") from None
        if done.returncode:
            raise RigError(f"the database does not answer: {done.stderr.strip()}")
        return [line.split("|") for line in done.stdout.splitlines()]

    def kill(self):
        """Kills it and all that it has started (-9)."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            children = [int(pid) for pid in file.read().split()]
        self.process.kill()
        self.process.wait()
        for pid in children:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

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

    def __init__(self, name, jam, database, folder, machine=Loopback):
        """Without a database it is the only one, and keeps its rooms in the folder."""
        self.name, self.jam, self.database, self.folder, self.machine = name, jam, database, folder, machine
        self.port, self.starts, self.process = free_port(), 0, None

    @property
    def url(self):
        return f"ws://{self.machine.address}:{self.port}"

    def start(self):
        self.starts += 1
        self.started_at = time.monotonic()
        log = os.path.join(self.folder, f"{self.name}.{self.starts}")
        env = {**os.environ, "DOTNET_gcServer": "0", **({"JAM_POSTGRES": self.database.address} if self.database else {})}
        kept = ["--url", self.url] if self.database else ["--data", os.path.join(self.folder, f"{self.name}.rooms")]
        with open(f"{log}.out", "wb") as words:
            self.process = subprocess.Popen(
                self.machine.within(*self.jam, "server", "--port", str(self.port), "--bind", self.machine.address, *kept,
                                    "--log-file", f"{log}.log", "--log-level", "info"),
                env=env, stdin=subprocess.DEVNULL, stdout=words, stderr=words, start_new_session=True, preexec_fn=_end_with_parent)

    def wait(self, seconds=60):
        until = time.monotonic() + seconds
        while True:
            try:
                with urllib.request.urlopen(f"http://{self.machine.address}:{self.port}/healthz", timeout=1) as answer:
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
