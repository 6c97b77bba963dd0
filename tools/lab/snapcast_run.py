"""Debian's Snapcast in the rig of tools/lab/sync, to be measured beside SwarmJam."""
import os
import shutil
import subprocess

from sync_run import Run


class SnapcastRun(Run):
    """Debian's snapserver and snapclient in the place of host and viewers, with their own defaults."""

    title = "Snapcast"

    def shown(self, viewer):
        return []

    def names(self):
        return ["host", "music"]

    def start_host(self):
        folder = os.path.join(self.rig.folder, "snapserver")
        os.makedirs(folder, exist_ok=True)
        pipe, config = os.path.join(folder, "music"), os.path.join(folder, "snapserver.conf")
        if not os.path.exists(pipe):
            os.mkfifo(pipe)
        with open(config, "w", encoding="ascii") as file:
            file.write(f"[server]\ndatadir = {folder}\n[http]\nenabled = false\n[tcp]\nenabled = false\n"
                       f"[stream]\nport = {self.port}\nsource = pipe://{pipe}?name=lab&sampleformat={self.rig.rate}:16:2&mode=read\n")
        self.rig.start_apart("host", ["snapserver", "--config", config], machine=self.machines.get("host"))
        self.wait_until_listening("host", self.port)
        wav = os.path.join(self.rig.folder, "track.raw")
        subprocess.run(["lame", "--silent", "--decode", "-t", self.tracks[0], wav], check=True)
        # The pipe takes what the server reads, in real time.
        self.rig.start("music", ["sh", "-c", 'cat "$1" > "$2"; sleep infinity', "sh", wav, pipe])

    def start_viewer(self, viewer):
        self.started[viewer] = self.rig.now()
        self.rig.start_apart(viewer, [shutil.which("snapclient"), "--host", self.address("host"), "--port", str(self.port), "--player", "pulse",
                                      "--hostID", viewer, "--logsink", "stdout"], **self.where(viewer))
