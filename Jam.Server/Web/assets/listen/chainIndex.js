// A chained Ogg: several streams, one behind the other, each with an index of its own (the layout stands in Jam.Peer/Playback/ChainIndex.cs).

import { integersIn, SoundIndex } from './soundIndex.js';

const MAGIC = [0x4a, 0x49, 0x58, 3];
const MAX_LINKS = 200;

/** Reads an index: its links in their order, {from, until, index}, in bytes of the track; null where it is none that fits a track of this length. */
export function parseChain(bytes, trackBytes) {
  if (bytes.length <= MAGIC.length || MAGIC.some((b, i) => bytes[i] !== b)) return null;
  const reader = integersIn(bytes, MAGIC.length);
  const count = reader.take();
  if (!(count >= 1 && count <= MAX_LINKS)) return null;
  const links = [];
  for (let end = 0; links.length < count;) {
    const [gap, length, size] = [reader.take(), reader.take(), reader.take()];
    const [from, until] = [end + gap, end + gap + length];
    if (!(length > 0 && until <= trackBytes && size <= bytes.length - reader.at)) return null;
    const index = SoundIndex.parse(bytes.subarray(reader.at, reader.at + size), length);
    if (!index || index.sampleRate !== (links[0]?.index ?? index).sampleRate) return null;
    links.push({ from, until, index });
    reader.at += size;
    end = until;
  }
  return reader.at === bytes.length ? links : null;
}
