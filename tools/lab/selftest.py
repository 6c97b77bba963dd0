"""Measures the measurement: sounds whose offsets are known, first as arrays, then through the sound server and the recorder."""
import os
import subprocess
import wave

import numpy as np

import analysis

MAKE_TRACK = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "assets", "make-track")
LIMIT_US = 2.0


def delayed(sound, samples):
    """Delayed by a fraction of samples, exactly, by its spectrum."""
    size = analysis.next_size(len(sound) + int(abs(samples)) + 4096)
    f = np.fft.rfftfreq(size)[:, None]
    return np.fft.irfft(np.fft.rfft(sound, size, axis=0) * np.exp(-2j * np.pi * f * samples), size, axis=0)[: len(sound)]


def rounded(sound, noise, rng):
    """As 16 bits hold it, with noise of that amplitude beneath."""
    return np.round((sound + noise * rng.standard_normal(sound.shape)) * 32767) / 32767


def music(rig):
    path = os.path.join(rig.folder, "music.wav")
    subprocess.run([MAKE_TRACK, "--seconds", "30", "--out", path], check=True)
    with wave.open(path) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2) / 32768, file.getframerate()


def self_test(rig):
    sound, rate = music(rig)
    rng = np.random.default_rng(3)
    failures = 0

    def check(name, good, words):
        nonlocal failures
        failures += not good
        print(f"{'ok  ' if good else 'FAIL'} {name}: {words}")

    for us in (0, 3.7, -11, 250.5, -4000, 300000):
        for noise in (0, 1e-3, 1e-2):
            for window in (1.0, 0.2):
                other = rounded(delayed(sound, us * 1e-6 * rate), noise, rng)
                line = analysis.offsets(rounded(sound, noise, rng), other, rate, 5, 20, window, 1.0)
                worst = max(float("inf") if v is None else abs(v - us) for _, v in line)
                check(f"{us:g} us, noise {noise:g}, windows of {window:g} s", worst <= LIMIT_US, f"worst error {worst:.2f} us")

    drifting = sound.copy()
    half = len(sound) // 2
    drifting[half:] = delayed(sound, 40e-6 * rate)[half:]
    line = analysis.offsets(sound, drifting, rate, 2, 28)
    step = [v for at, v in line if at + 1 <= 15], [v for at, v in line if at >= 15.1]
    worst = max(max(abs(v) for v in step[0]), max(abs(v - 40) for v in step[1]))
    check("a step of 40 us", worst <= LIMIT_US, f"worst error {worst:.2f} us")
    points = analysis.offsets(sound, np.vstack((delayed(sound, 100)[: int(8 * rate)], sound[int(8 * rate):])), rate, 5, 12, 0.2, 0.05)
    found = analysis.settled(points)
    check("in sync again after 3 s", found is not None and 2.75 <= found - 5 <= 3.05, f"{(found or 0) - 5:.2f} s")
    line = analysis.offsets(sound, rng.standard_normal(sound.shape) * 0.1, rate, 5, 15)
    check("other music is not matched", all(v is None for _, v in line), f"{sum(v is not None for _, v in line)} matched")

    through_sound_server(rig, sound, rate, check)
    print(f"{failures} of the checks failed" if failures else "all checks passed")
    return 1 if failures else 0


def through_sound_server(rig, sound, rate, check):
    """One player feeds all channels, so that the offset in the file is the offset at the recorder."""
    us, gap = 123.4, (12.0, 0.02)
    other = delayed(sound, us * 1e-6 * rate)
    other[int(gap[0] * rate):int((gap[0] + gap[1]) * rate)] = 0
    path = os.path.join(rig.folder, "known.raw")
    channels = [sound, other] + [sound] * (len(rig.outputs) - 2)
    (np.hstack(channels).clip(-1, 1) * 32767).round().astype("<i2").tofile(path)
    rig.start_sound()
    rig.start_recording()
    names = ",".join(f"aux{i}" for i in range(rig.channels))
    player = rig.start("player", ["pacat", "--playback", "--raw", "--device=lab", "--format=s16le", f"--rate={rate}",
                                  f"--channels={rig.channels}", f"--channel-map={names}", path], rig.pulse_env())
    rig.processes.remove(("player", player))            # it may end by itself
    begin = rig.now()
    try:
        rig.wait(lambda: rig.now() > begin + 20, 40, "the recording stands still", "parecord", "player")
    finally:
        player.terminate()
        player.wait()
    sounds = rig.recording()
    first = analysis.first_sound(sounds[0], rate)
    line = analysis.offsets(sounds[0], sounds[1], rate, first + 1, first + 11)
    worst = max(float("inf") if v is None else abs(v - us) for _, v in line)
    check(f"{us} us through PulseAudio", worst <= LIMIT_US, f"worst error {worst:.2f} us")
    gaps = analysis.silences(sounds[1], rate, first + 1, first + 18)
    # A player that starts badly shifts all, so the place counts only roughly.
    good = len(gaps) == 1 and abs(gaps[0][1] - gap[1]) < 0.004 and abs(gaps[0][0] - first - gap[0]) < 1
    check("a silence of 20 ms", good, "; ".join(f"{length * 1e3:.1f} ms at {at - first:.2f} s" for at, length in gaps) or "not found")
