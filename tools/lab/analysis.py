"""What two recorded outputs tell about each other: offsets by generalized cross-correlation, silences, a plot.

The phase transform (Knapp and Carter, 1976) keeps only the phase of the cross-spectrum, so that a steady note cannot hide where
the peak is. Positive: the second output sounds later than the first. Offsets are in microseconds, times in seconds of the recording.
"""
import math
import os
import subprocess
import wave

import numpy as np

from sound import loudness

LOW_HZ, HIGH_HZ = 150, 15000        # below: nothing sharp; above: little that an MP3 keeps
SEARCH_SECONDS = 1.5                # how far apart two outputs may be and still be recognized
ALIKE = 0.35                        # height of the peak (1: identical) below which two stretches are not the same music
UPSAMPLE = 8                        # of the correlation around its peak
SILENT = 2e-4                       # amplitude; PulseAudio fills what is missing with zeros
SOUNDING = 2e-3


def next_size(count):
    """A length that the FFT likes."""
    return 1 << (count - 1).bit_length()


def phase_transform(a, b, rate, size, upsample=1):
    """Correlation of two (frames, channels) pieces by phase; both channels speak with one voice."""
    cross = np.zeros(size // 2 + 1, dtype=complex)
    for channel in range(a.shape[1]):
        cross += np.conj(np.fft.rfft(a[:, channel], size)) * np.fft.rfft(b[:, channel], size)
    magnitude = np.abs(cross)
    f = np.fft.rfftfreq(size, 1 / rate)
    # Bins without a signal hold only rounding; their phase says nothing.
    use = (f >= LOW_HZ) & (f <= HIGH_HZ) & (magnitude > 1e-5 * magnitude.max() + 1e-20)
    weight = np.where(use, 1 / np.maximum(magnitude, 1e-20), 0)
    scale = upsample * size / (2 * max(1, np.count_nonzero(use)))
    return np.fft.irfft(cross * weight, size * upsample) * scale


def peak_near_zero(correlation, reach):
    """Place and height of the highest peak within +-reach, between samples by a parabola."""
    size = len(correlation)
    reach = min(reach, size // 2 - 2)
    around = np.concatenate((correlation[-reach:], correlation[: reach + 1]))
    best = int(np.argmax(around))
    height = around[best]
    if 0 < best < len(around) - 1:
        left, right = around[best - 1], around[best + 1]
        bend = left - 2 * height + right
        if bend < 0:
            return best - reach + 0.5 * (left - right) / bend, height
    return float(best - reach), height


def piece(sound, start, count):
    """A stretch of a recording, with silence beyond its ends."""
    out = np.zeros((count, sound.shape[1]), dtype=np.float64)
    first, last = max(0, start), min(len(sound), start + count)
    if last > first:
        out[first - start:last - start] = sound[first:last]
    return out


def coarse_lag(a, b, rate, start, count):
    """Where in b the stretch of a is found, to the sample; None where b is silent."""
    reach = int(SEARCH_SECONDS * rate)
    wide = piece(b, start - reach, count + 2 * reach)
    if np.sqrt(np.mean(wide ** 2)) < SOUNDING / 10:
        return None
    padded = np.zeros_like(wide)
    padded[reach:reach + count] = piece(a, start, count) * np.hanning(count)[:, None]
    return int(round(peak_near_zero(phase_transform(padded, wide, rate, next_size(len(wide) + reach)), reach)[0]))


def fine_lag(a, b, rate, start, count, lag):
    """The offset near a lag, in samples, and None where the two do not match there."""
    window = np.hanning(count)[:, None]
    mine = piece(a, start, count) * window
    for _ in range(2):
        # At the right lag both windows hold the same stretch of music, which makes the peak unbiased.
        theirs = piece(b, start + lag, count) * window
        moved, height = peak_near_zero(phase_transform(mine, theirs, rate, next_size(2 * count), UPSAMPLE), UPSAMPLE * min(count // 4, 400))
        if height < ALIKE:
            return None
        moved /= UPSAMPLE
        if abs(moved) <= 4:
            return lag + moved
        lag += int(round(moved))
    return lag + moved


def offset_at(a, b, rate, start, count, guess=None):
    """Offset of b against a, in samples, in the stretch of a that begins at `start`; None where one is silent or they do not match."""
    if np.sqrt(np.mean(piece(a, start, count) ** 2)) < SOUNDING:
        return None
    tried = set()
    # A short stretch may be found in the wrong bar: then a longer one shows where to look.
    longer = max(count, rate)
    for find in (lambda: guess, lambda: 0, lambda: coarse_lag(a, b, rate, start, longer), lambda: coarse_lag(a, b, rate, start, count)):
        lag = find()
        if lag is None or lag in tried:
            continue
        tried.add(lag)
        found = fine_lag(a, b, rate, start, count, lag)
        if found is not None:
            return found
    return None


def offsets(a, b, rate, begin, end, window=1.0, step=1.0):
    """(time, offset in us or None) for each window between two instants."""
    out = []
    count, guess = int(window * rate), None
    at = begin
    while at + window <= end + 1e-9:
        found = offset_at(a, b, rate, int(round(at * rate)), count, guess)
        guess = None if found is None else int(round(found))
        out.append((at, None if found is None else found / rate * 1e6))
        at += step
    return out


def decoded(track, folder, name="decoded.wav"):
    """The track as (frames, channels), by another decoder than the one that is measured."""
    wav = os.path.join(folder, name)
    if not os.path.exists(wav):
        subprocess.run(["lame", "--silent", "--decode", track, wav], check=True)
    with wave.open(wav, "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, file.getnchannels()) / 32768.0


def aligned(sound, track, rate, at):
    """The track on the time of a recording, by where two seconds of the recording are found in it; None where they are not."""
    mine = piece(sound, int(at * rate), 2 * rate).mean(axis=1)
    whole = track.mean(axis=1)
    size = next_size(len(whole) + len(mine))
    correlation = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(mine, size)), size)[:len(whole)]
    best = int(np.argmax(np.abs(correlation)))
    if np.abs(correlation[best]) < 0.2 * np.sum(mine ** 2):
        return None
    both = track if track.shape[1] == sound.shape[1] else np.repeat(track[:, :1], sound.shape[1], axis=1)
    return piece(both, best - int(at * rate), len(sound))


def summary(values):
    """Median, 95th percentile and maximum of absolute offsets; None without any."""
    known = sorted(abs(v) for v in values if v is not None)
    if not known:
        return None
    return {
        "median_us": round(float(np.median(known)), 1),
        "p95_us": round(float(known[math.ceil(0.95 * len(known)) - 1]), 1),
        "max_us": round(float(known[-1]), 1),
        "mean_signed_us": round(float(np.mean([v for v in values if v is not None])), 1),
        "windows": len(known),
        "unmatched": len(values) - len(known),
    }


def first_sound(sound, rate, since=0.0):
    """When an output first sounds after an instant; None if it never does."""
    for at, loud in loudness(sound, rate, max(0, int(since * rate)), len(sound)):
        found = np.flatnonzero(loud > SOUNDING)
        if len(found):
            return (at + int(found[0])) / rate
    return None


def silences(sound, rate, begin, end, least=0.005):
    """Stretches without any sound, as (start, length) in seconds, of at least `least` seconds."""
    first, last = int(begin * rate), min(len(sound), int(end * rate))
    out, since = [], None
    for at, loud in loudness(sound, rate, first, last):
        quiet = loud < SILENT
        # Where it changes, with what the block before ended in.
        for edge in np.flatnonzero(np.diff(np.concatenate(([since is not None], quiet)))):
            if since is None:
                since = at + int(edge)
            else:
                out.append((since, at + int(edge)))
                since = None
    if since is not None:
        out.append((since, last))
    return [(a / rate, (b - a) / rate) for a, b in out if b - a >= least * rate]


def settled(points, limit_us=1000, hold=3.0):
    """First instant from which every window for `hold` seconds matched within the limit; None if there is none."""
    for index, (at, _) in enumerate(points):
        rest = [v for t, v in points[index:] if t <= at + hold]
        if len(rest) >= 3 and points[-1][0] >= at + min(hold, 1.0) and all(v is not None and abs(v) < limit_us for v in rest):
            return at
    return None


def plot(path, series, marks, title):
    """An SVG of offsets over time: one line per pair, events as upright lines."""
    width, height, left, bottom = 900, 340, 70, 40
    points = [(t, v) for _, line in series for t, v in line if v is not None]
    if not points:
        return
    t0, t1 = min(t for t, _ in points), max(t for t, _ in points)
    top = max(10.0, 1.15 * max(abs(v) for _, v in points))

    def place(t, v):
        return (left + (t - t0) / max(1e-9, t1 - t0) * (width - left - 20),
                20 + (top - v) / (2 * top) * (height - bottom - 20))

    colours = ["#1b7f79", "#c8553d", "#4059ad", "#8f7e00", "#7b2d8b", "#555"]
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="11">',
           f'<rect width="{width}" height="{height}" fill="white"/><text x="{left}" y="14">{title}</text>']
    for v in (-top, -top / 2, 0, top / 2, top):
        _, y = place(t0, v)
        out.append(f'<line x1="{left}" x2="{width - 20}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
                   f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{v:.0f} us</text>')
    for k in range(0, 11):
        t = t0 + (t1 - t0) * k / 10
        x, _ = place(t, 0)
        out.append(f'<text x="{x:.1f}" y="{height - 22}" text-anchor="middle">{t - t0:.0f} s</text>')
    for t, name in marks:
        if t0 <= t <= t1:
            x, _ = place(t, 0)
            out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="20" y2="{height - bottom}" stroke="#999" stroke-dasharray="4 3"/>'
                       f'<text x="{x + 3:.1f}" y="30" fill="#666">{name}</text>')
    for index, (name, line) in enumerate(series):
        colour = colours[index % len(colours)]
        for t, v in line:
            if v is not None:
                x, y = place(t, v)
                out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{colour}"/>')
        out.append(f'<text x="{left + 130 * index}" y="{height - 6}" fill="{colour}">{name}</text>')
    out.append("</svg>")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n")
