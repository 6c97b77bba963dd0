"""A recording on disk, read piece by piece: half an hour of it is gigabytes in memory."""
import numpy as np

BLOCK_SECONDS = 20


class Sound:
    """Two channels of an interleaved recording of 16 bits; what is asked of it comes as (frames, 2) between -1 and 1."""

    def __init__(self, samples, first):
        self._samples, self._first = samples, first
        self.shape = (len(samples), 2)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, frames):
        return self._samples[frames, self._first:self._first + 2].astype(np.float32) / 32768


def recorded(path, channels, since_frame=0):
    """What a file holds by now, one sound per pair of channels."""
    samples = np.memmap(path, "<i2", "r") if _bytes(path) >= 2 * channels else np.zeros(0, "<i2")
    samples = samples[: len(samples) // channels * channels].reshape(-1, channels)[since_frame:]
    return [Sound(samples, 2 * i) for i in range(channels // 2)]


def loudness(sound, rate, first, last):
    """(frame that it begins at, largest amplitude of each frame), block by block."""
    step = int(BLOCK_SECONDS * rate)
    for at in range(first, last, step):
        yield at, np.max(np.abs(sound[at:min(last, at + step)]), axis=1)


def _bytes(path):
    with open(path, "rb") as file:
        return file.seek(0, 2)
