"""Measures from outside how well a browser that listens to a room agrees with a native viewer: both are recorded side by side, through a
start, a pause, a seek and a late join. The page comes from another machine's address over plain http, as a phone's would."""
import argparse
import json
import os
import signal
import subprocess
import sys
import time

import link_net
from browser import Browser, version
from clicks import BEATS, BPM, MAKE_CLICKS, ClickRun, tell_clicks
from link_net import LinkNetwork, parse
from listen_report import evaluate, tell
from rig import JAM, Rig, RigError
from swarm_net import NetError
from sync_run import Run

SECTION = "document.getElementById('listen')"
BUTTON = "#listen .listen-button"
VIEWER, BROWSER = "viewer", "browser"


def arguments():
    p = argparse.ArgumentParser(prog="tools/lab/listen", description=__doc__)
    p.add_argument("--seconds", type=float, default=15, metavar="S", help="how long to listen at the end (default 15)")
    p.add_argument("--file", dest="mp3", metavar="FILE", help="the track; default: one that is made for the run, VBR with a picture of 500 KiB")
    p.add_argument("--link", metavar="LINK", default="plain", help="the machines' link (default plain): " + link_net.HELP.replace("%", "%%"))
    p.add_argument("--rate", type=int, default=44100, help="sample rate of the sinks (default 44100)")
    p.add_argument("--apart", action="store_true", help="the browser fetches from the viewer's gateway, not from the server that its page came from")
    p.add_argument("--up-limit", metavar="RATE", help="the host's --up-limit")
    p.add_argument("--nudge-ms", type=int, default=0, help="what the page is told that its device is late by: shifts the figures by so much")
    p.add_argument("--hog", action="store_true", help="every processor is kept busy meanwhile")
    p.add_argument("--clicks", action="store_true", help="the metronome alone, over a track of clicks, and the loop with an edit of the page's own, in the place of music")
    p.add_argument("--limit-p95-ms", type=float, default=10, help="exit code 1 where 95 of 100 seconds, from 10 s after each change, lie beyond (default 10)")
    p.add_argument("--limit-settle-s", type=float, default=10, help="to be within that after a change or a join (default 10)")
    p.add_argument("--limit-start-s", type=float, default=1.5, help="from the click to the sound in a room that plays (default 1.5)")
    p.add_argument("--json", action="store_true", help="one JSON object on standard output")
    p.add_argument("--plot", metavar="FILE.svg", help="draw the offsets")
    p.add_argument("--screenshot", metavar="FILE.png", help="of the page while it plays")
    p.add_argument("--jam", metavar="FILE", default=JAM, help="the program to measure (default: tools/jam)")
    p.add_argument("--keep", metavar="DIR", help="keep logs, caches and the raw recording there")
    a = p.parse_args()
    a.device_ppm, a.clock_ppm, a.control = 0, [30], False
    a.limit_p95_us = a.limit_max_us = a.limit_p95_ms * 1e3
    a.no_time_namespaces = subprocess.run(["unshare", "--time", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0
    try:
        parse(a.link)
    except ValueError as problem:
        p.error(str(problem))
    return a


class Listening(Run):
    """A host without sound, a native viewer, a browser; each on a machine of its own."""

    title = "listening in a browser"

    def names(self):
        return ["host"]

    def connect_machines(self):
        self.network = LinkNetwork(parse(self.a.link))
        for name in ("host", VIEWER, BROWSER):
            self.machines[name] = self.network.add(name)
        self.network.connect()

    def start_host(self):
        limit = ["--up-limit", self.a.up_limit] if self.a.up_limit else []
        gateway = ["--no-gateway"] if self.a.apart else []
        self.host = self.rig.start_peer("host", ["--seed", self.track, "--listen-port", str(self.port), "--server-port", "8000", "--no-discovery",
                                                 "--output", "null", *limit, *gateway], machine=self.machines["host"], stdin=subprocess.PIPE)
        self.wait_until_listening("host", self.port)

    def start_viewer(self, viewer):
        gateway = ["--gateway"] if self.a.apart else []
        self.rig.start_peer(viewer, ["--connect", f"{self.address('host')}:{self.port}", "--output", "pulse", "--headless", "--listen-port", "0",
                                     *gateway], **self.where(viewer))

    def _play(self):
        a, rig = self.a, self.rig
        rig.start_sound(0, a.hog)
        rig.start_recording()
        self.track = os.path.abspath(a.mp3) if a.mp3 else self.make_track(150 + a.seconds)
        self.connect_machines()
        if a.hog:
            rig.start_hogs()
        self.start_host()
        self.start_viewer(VIEWER)
        rig.note(f"opening the page in {version()}")
        self.browser = Browser(rig, BROWSER, sink=BROWSER, machine=self.machines[BROWSER], clock_ahead=None if a.no_time_namespaces else 40_000)
        self.open_page()
        self.listen()
        self.browser.wait(f"{SECTION}.dataset.state === 'paused'", 20, "it did not get ready")
        self.rest(2)
        self.command("play")
        self.wait_for_sound([VIEWER, BROWSER])
        self.rest(14)
        if a.screenshot:
            self.browser.screenshot(a.screenshot)
        self.command("pause")
        self.rest(2)
        self.command("resume")
        self.rest(14)
        self.command("seek 72.5")
        self.rest(14)
        self.figures = self.browser.evaluate("figures")
        self.note("reload")
        self.open_page()
        self.rest(1)
        self.listen("join")
        self.browser.wait(f"{SECTION}.dataset.state === 'playing'", 20, "it does not play")
        self.rest(max(12, a.seconds))
        self.shown_us = self.browser.evaluate(f"{SECTION}.dataset.errorUs")
        self.gateway = self.browser.evaluate("performance.getEntriesByType('resource').map(r => r.name).filter(n => n.includes('/track/')).pop()")
        self.figures += self.browser.evaluate("figures")
        self.ended = rig.now() - 0.3

    def make_track(self, length):
        from sync_run import make_track
        return make_track(self.rig, length)

    def open_page(self):
        self.browser.open(f"http://{self.address('host')}:8000/room/jam")
        self.browser.wait(f"!!document.querySelector('{BUTTON}')", 20, "the page has no button to listen")
        self.is_secure = self.browser.evaluate("isSecureContext")
        self.origin = self.browser.evaluate("location.origin")
        if self.is_secure or "127.0.0.1" in self.origin or "localhost" in self.origin:
            raise RigError(f"{self.origin} is a secure context ({self.is_secure}): this would prove nothing about phones")
        self.browser.evaluate(f"localStorage.setItem('jam:listen:volume', '100'), localStorage.setItem('jam:listen:nudge', '{self.a.nudge_ms}')")
        self.browser.evaluate("(() => { const v = document.getElementById('listen-volume'); v.value = 100; v.dispatchEvent(new Event('input'));"
                              f" const n = document.getElementById('listen-nudge'); n.value = {self.a.nudge_ms};"
                              " n.dispatchEvent(new Event('change')); })()")

    def listen(self, event=None):
        self.browser.evaluate("window.figures = [], setInterval(() => figures.push([performance.now(), ..."
                              f"({SECTION}.dataset.figures ?? '').split(' ').map(Number), {SECTION}.dataset.errorUs]), 200), 1")
        if event:
            self.note(event)
        self.browser.click(BUTTON)
        self.rig.note("clicked")


class ClickListening(Listening, ClickRun):
    """Clicks and loop of a room, in a native viewer and in a browser; what is heard of the loop is the page's own lane."""

    title = "clicks in a browser"

    def _play(self):
        a, rig = self.a, self.rig
        rig.start_sound(0, a.hog)
        rig.start_recording()
        self.track = os.path.join(rig.folder, "clicks.wav")
        subprocess.run([MAKE_CLICKS, "--bpm", str(BPM), "--seconds", str(a.seconds * 2 + 40), "--out", self.track], check=True)
        self.connect_machines()
        self.start_host()
        self.start_viewer(VIEWER)
        rig.note(f"opening the page in {version()}")
        self.browser = Browser(rig, BROWSER, sink=BROWSER, machine=self.machines[BROWSER], clock_ahead=None if a.no_time_namespaces else 40_000)
        self.open_page()
        self.listen()
        self.browser.wait(f"{SECTION}.dataset.state === 'paused'", 20, "it did not get ready")
        self.each = a.seconds / 3
        self.command(f"tempo {BPM} {BEATS}")
        self.command("metronome on")
        self.wait_for_sound([VIEWER, BROWSER])
        # As with music, ten seconds are allowed for the clocks of page and device.
        self.rest(10)
        self.phase("metronome")
        self.command(f"tempo {BPM} {BEATS} at 0")
        self.command("play")
        self.phase("track")
        self.command("metronome off")
        self.command("stop")
        self.command("loop on")
        self.note("the page sets its lane")
        self.browser.evaluate("document.querySelector('[role=radiogroup] input[value=click], .brush.voice-click input').click(), "
                              "document.querySelectorAll('#loop-card [role=group] .step').forEach((b, i) => i % 2 === 0 && b.click())")
        self.phase("loop")
        self.ended = rig.now() - 0.3


def main():
    a = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    begun = time.monotonic()
    try:
        with Rig([VIEWER, BROWSER], a.rate, a.jam, a.keep) as rig:
            rig.note = lambda text: print(f"[{time.monotonic() - begun:6.1f} s] {text}", file=sys.stderr, flush=True)
            run = ClickListening(a, rig) if a.clicks else Listening(a, rig)
            run.play()
            rig.note("analysing")
            result = run.judge() if a.clicks else evaluate(run)
    except (RigError, NetError) as e:
        print(e, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    if a.json:
        print(json.dumps(result))
    else:
        (tell_clicks if a.clicks else tell)(result)
    return 1 if result["misses"] else 0


sys.exit(main())
