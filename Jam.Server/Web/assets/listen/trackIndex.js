// Where the frames of a track stand in its bytes, as peers hand it to each other (the layout stands in Jam.Peer/Playback/TrackIndex.cs). It comes
// from whoever named its hash: a wrong one gives wrong sound, never more.

const MAGIC = [0x4a, 0x49, 0x58, 1];
const HEAD_BYTES = 8;
const MAX_ENTRIES = 16 * 1024;

/** Reads an index; null where it is none that fits a track of this length. */
export function parseIndex(bytes, trackBytes) {
  if (bytes.length < HEAD_BYTES || MAGIC.some((b, i) => bytes[i] !== b)) return null;
  let at = HEAD_BYTES;
  const take = () => {
    let value = 0;
    for (let scale = 1; at < bytes.length && scale < 2 ** 49; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return NaN;
  };
  const [first, frames, skipFrames, lengthFrames, step] = [take(), take(), take(), take(), take()];
  const isSane =
    first < trackBytes &&
    frames > 0 &&
    frames <= 2 ** 32 &&
    skipFrames <= 65536 &&
    lengthFrames <= (frames + 1) * 1152 &&
    step > 0 &&
    step <= 2 ** 20 &&
    (step & (step - 1)) === 0;
  if (!isSane) return null;
  const entries = Math.ceil(frames / step);
  if (entries > MAX_ENTRIES || entries - 1 > bytes.length - at) return null;
  const offsets = [first];
  while (offsets.length < entries) {
    const next = offsets.at(-1) + take();
    if (!(next > offsets.at(-1) && next < trackBytes)) return null;
    offsets.push(next);
  }
  return at === bytes.length ? { header: bytes.slice(4, 8), frames, skipFrames, lengthFrames, step, offsets } : null;
}

/** Which bytes hold some frames: from an entry at or before the first to one behind the last. */
export function bytesOf(index, firstFrame, endFrame, trackBytes) {
  const entry = Math.floor(firstFrame / index.step);
  const behind = Math.ceil(endFrame / index.step);
  return { from: index.offsets[entry], frame: entry * index.step, to: index.offsets[behind] ?? trackBytes };
}
