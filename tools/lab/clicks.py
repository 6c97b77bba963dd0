"""The metronome and the loop of a room, recorded: do clicks coincide between its viewers, and with the beats of the track?

Each click is found by its own known waveform, between samples, and those that sound at once (one of the track, one of the metronome) by
taking each away in turn from what the other is looked for in.
"""
import os
import subprocess

import numpy as np

from sync_run import Run

MAKE_CLICKS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "assets", "make-clicks")
BPM, BEATS = 120, 4
SETTLE = 2.5                                        # seconds after a change that are not judged
UPSAMPLE = 16


def damped(hertz, decay, seconds, ramp=0.005):
    """A sine that dies away and ends in nothing: what the synthesizer (Synth.cs) and the click track are made of."""
    def at(t):
        return np.where((t >= 0) & (t < seconds), np.sin(2 * np.pi * hertz * t) * np.exp(-decay * t) * np.clip((seconds - t) / ramp, 0, 1), 0)
    at.seconds = seconds
    return at


DOWNBEAT, BEAT, TRACK, LOOP = damped(1760.0, 120, 0.04), damped(1174.66, 120, 0.04), damped(5000, 400, 0.02), damped(1500, 120, 0.5)


def find(sound, wave, rate, around, reach):
    """(place in samples, height) of a waveform within some samples of a place."""
    count = int(min(wave.seconds, 0.05) * rate)
    template = wave(np.arange(count) / rate)
    first = int(around) - reach
    if first < 0 or first + count + 2 * reach > len(sound):
        return None
    piece = sound[first:first + count + 2 * reach]
    size = 1 << (len(piece) + count).bit_length()
    spectrum = np.fft.rfft(piece, size) * np.conj(np.fft.rfft(template, size))
    correlation = np.fft.irfft(spectrum, size * UPSAMPLE)[: (2 * reach + 1) * UPSAMPLE] * UPSAMPLE
    best = int(np.argmax(correlation))
    if not 0 < best < len(correlation) - 1:
        return None
    left, height, right = correlation[best - 1:best + 2]
    bend = left - 2 * height + right
    return first + (best + (0.5 * (left - right) / bend if bend < 0 else 0)) / UPSAMPLE, height / np.sum(template ** 2)


def without(sound, wave, rate, place, height):
    """A sound from which one click is taken away."""
    out = sound.copy()
    first = int(np.floor(place))
    t = (np.arange(first, min(len(sound), first + int(wave.seconds * rate) + 2)) - place) / rate
    out[first:first + len(t)] -= height * wave(t)
    return out


def onsets(sound, rate, begin, end):
    """Where something begins to sound, in samples, good to a millisecond."""
    loud = np.abs(sound[int(begin * rate):int(end * rate)])
    block = rate // 1000
    level = loud[: len(loud) // block * block].reshape(-1, block).max(axis=1)
    starts, quiet = [], 100
    for i, value in enumerate(level):
        if value > 0.02 and quiet >= 60:
            starts.append(int(begin * rate) + i * block)
        quiet = 0 if value > 0.02 else quiet + 1
    return starts


def clicks(sound, rate, begin, end, kinds):
    """(place, name) of each click of the kinds that are asked for."""
    out = []
    for start in onsets(sound, rate, begin, end):
        found = [(name, find(sound, wave, rate, start, rate // 200)) for name, wave in kinds.items()]
        found = [(name, hit) for name, hit in found if hit]
        if found:
            name, (place, _) = max(found, key=lambda f: f[1][1])
            out.append((place, name))
    return out


def both(sound, rate, begin, end):
    """(place of the track's click, place of the metronome's, its name) of each beat on which both sound."""
    out = []
    for start in onsets(sound, rate, begin, end):
        piece = sound[start - rate // 50:start + rate // 5]
        at, reach = rate // 50, rate // 200
        track = find(piece, TRACK, rate, at, reach)
        for _ in range(4):
            if not track:
                break
            rest = without(piece, TRACK, rate, *track)
            name, hit = max(((n, find(rest, w, rate, at, reach)) for n, w in (("downbeat", DOWNBEAT), ("beat", BEAT))), key=lambda f: f[1][1] if f[1] else 0)
            if not hit:
                break
            track = find(without(piece, DOWNBEAT if name == "downbeat" else BEAT, rate, *hit), TRACK, rate, at, reach)
        if track and hit:
            base = start - rate // 50
            out.append((base + track[0], base + hit[0], name))
    return out


def pairs(a, b, rate):
    """Distances, in microseconds, of the clicks of two outputs; None where their accents differ or one lacks one."""
    out = []
    places = np.array([p for p, _ in b]) if b else np.zeros(0)
    for place, name in a:
        near = int(np.argmin(np.abs(places - place))) if len(places) else -1
        if near < 0 or abs(places[near] - place) > rate / 20 or b[near][1] != name:
            out.append(None)
        else:
            out.append((places[near] - place) / rate * 1e6)
    return out


def summary(values):
    known = np.abs([v for v in values if v is not None])
    return {"clicks": len(values), "missing": sum(v is None for v in values),
            "median_us": round(float(np.median(known)), 1) if len(known) else None,
            "p95_us": round(float(np.percentile(known, 95)), 1) if len(known) else None,
            "max_us": round(float(np.max(known)), 1) if len(known) else None}


class ClickRun(Run):
    """The host plays nothing by itself; it lets the viewers click, then click over a click track, then play the loop."""

    autoplays = False

    def _play(self):
        a, rig = self.a, self.rig
        rig.start_sound(a.device_ppm, a.hog)
        rig.start_recording()
        self.tracks = [os.path.join(rig.folder, "clicks.wav")]
        subprocess.run([MAKE_CLICKS, "--bpm", str(BPM), "--seconds", str(a.seconds + 30), "--out", self.tracks[0]], check=True)
        self.connect_machines()
        if a.hog:
            rig.start_hogs()
        self.start_host()
        for viewer in rig.outputs:
            if viewer != "host":
                self.start_viewer(viewer)
        self.each = a.seconds / 3
        self.wait_until_joined()
        self.command(f"tempo {BPM} {BEATS}")
        self.command("metronome on")
        self.wait_for_sound(rig.outputs)
        # The clocks' drift is known only after a few seconds.
        self.rest(6)
        self.phase("metronome")
        self.command(f"tempo {BPM} {BEATS} at 0")
        self.command("play")
        self.phase("track")
        self.command("metronome off")
        self.command("stop")
        self.command("loop lane x.x.x.x.x.x.x.x. click")
        self.command("loop on")
        self.phase("loop")
        self.ended = rig.now() - 0.3

    def wait_until_joined(self):
        def joined():
            with open(self.rig.logs["host"], encoding="utf-8", errors="replace") as log:
                said = log.read()
            return all(f"{v} joined" in said for v in self.rig.outputs if v != "host")
        self.rig.wait(joined, 40, "not every viewer has joined", "host", *self.rig.outputs)

    def phase(self, name):
        begin = self.rig.now() + SETTLE
        self.rest(SETTLE + self.each)
        self.phases = {**getattr(self, "phases", {}), name: (begin, self.rig.now() - 0.4)}

    def judge(self):
        rate, outputs = self.rig.rate, self.rig.outputs
        sounds = [np.asarray(s[0:len(s)])[:, 0].astype(np.float64) for s in self.rig.recording()]
        result = {"of": "clicks", "misses": []}
        metronome = [clicks(s, rate, *self.phases["metronome"], {"downbeat": DOWNBEAT, "beat": BEAT}) for s in sounds]
        over = [both(s, rate, *self.phases["track"]) for s in sounds]
        loop = [clicks(s, rate, *self.phases["loop"], {"loop": LOOP}) for s in sounds]
        for i in range(len(outputs)):
            self.add(result, f"metronome over the track, {outputs[i]}", [(m - t) / rate * 1e6 for t, m, _ in over[i]])
            for j in range(i + 1, len(outputs)):
                pair = f"{outputs[i]}-{outputs[j]}"
                self.add(result, f"metronome alone, {pair}", pairs(metronome[i], metronome[j], rate))
                self.add(result, f"metronome over the track, {pair}", pairs([(m, n) for _, m, n in over[i]], [(m, n) for _, m, n in over[j]], rate))
                self.add(result, f"loop, {pair}", pairs(loop[i], loop[j], rate))
        for name, found, every in (("metronome alone", metronome, 60 / BPM), ("metronome over the track", over, 60 / BPM), ("loop", loop, 30 / BPM)):
            begin, end = self.phases["metronome" if "alone" in name else "track" if "over" in name else "loop"]
            expected = int((end - begin) / every) - 1
            for output, list_ in zip(outputs, found):
                if len(list_) < expected:
                    result["misses"].append(f"{name}: {len(list_)} clicks of {output} where {expected} are due")
        for output, list_ in zip(outputs, metronome):
            names = [n for _, n in list_]
            accents = [i for i, n in enumerate(names) if n == "downbeat"]
            if len(accents) < 2 or any(b - a != BEATS for a, b in zip(accents, accents[1:])):
                result["misses"].append(f"accents of {output} are not every {BEATS} beats: {names}")
        return result

    def add(self, result, name, values):
        s = result.setdefault("rows", {})[name] = summary(values)
        if s["missing"] or not s["clicks"]:
            result["misses"].append(f"{name}: {s['missing']} of {s['clicks']} clicks have no counterpart")
        elif s["p95_us"] > self.a.limit_p95_us or s["max_us"] > self.a.limit_max_us:
            result["misses"].append(f"{name}: p95 {s['p95_us']} us, max {s['max_us']} us, where {self.a.limit_p95_us} and {self.a.limit_max_us} are promised")


def tell_clicks(result):
    for name, s in result["rows"].items():
        print(f"{name:40} {s['clicks']:4} clicks   median {s['median_us']} us   p95 {s['p95_us']} us   max {s['max_us']} us")
    for miss in result["misses"]:
        print("beyond: " + miss)
