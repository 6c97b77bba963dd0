// A chained Ogg, whose streams are tracks one behind the other: a decoder that is given all of it stops at the end of the first.

import { parseChain } from './chainIndex.js';
import { SplicedTrack } from './splicedTrack.js';

/** The bytes of one stream, as if they were the whole file. */
const partOf = (reader, { from, until }) => ({
  lengthBytes: until - from,
  read: (first, end, signal) => reader.read(from + first, from + end, signal),
});

export class ChainedTrack {
  #links;

  constructor(links) {
    this.#links = links;
    this.sampleRate = links[0].track.sampleRate;
    this.pieceFrames = this.sampleRate;
    this.lengthFrames = links.at(-1).frame + links.at(-1).track.lengthFrames;
  }

  /**
   * Opens a track by its index; null where that is none of a chain, or one whose streams are nothing for a browser.
   * @param decode (bytes, rate) => AudioBuffer
   * @param openWhole (reader, signal) => WholeTrack of a stream's bytes
   */
  static open(reader, indexBytes, decode, openWhole) {
    const chain = parseChain(indexBytes, reader.lengthBytes);
    if (!chain) return null;
    const links = [];
    let [frame, piece] = [0, 0];
    for (const link of chain) {
      const part = partOf(reader, link);
      const track = SplicedTrack.from(part, link.index, decode, (signal) => openWhole(part, signal));
      if (!track) return null;
      links.push({ track, frame, piece });
      frame += track.lengthFrames;
      piece += track.pieceAt(track.lengthFrames - 1) + 1;
    }
    return new ChainedTrack(links);
  }

  /** Whether this browser wants a stream of it at once. */
  get isWhole() {
    return this.#links.some(({ track }) => track.isWhole);
  }

  /** No piece reaches beyond its stream. */
  pieceAt(frame) {
    const link = this.#links.findLast((l) => l.frame <= frame) ?? this.#links[0];
    const inLink = Math.min(Math.max(0, frame - link.frame), link.track.lengthFrames - 1);
    return link.piece + link.track.pieceAt(inLink);
  }

  pieceStart(piece) {
    const { link, local } = this.#linkOf(piece);
    return link.frame + Math.min(link.track.lengthFrames, link.track.pieceStart(local));
  }

  /** As Mp3Track.load. */
  async load(piece, signal) {
    const { link, local } = this.#linkOf(piece);
    const { start, sound } = await link.track.load(local, signal);
    // Where streams differ in that, one channel is heard on both sides.
    return { start: link.frame + start, sound: sound.length === 1 ? [sound[0], sound[0]] : sound };
  }

  #linkOf(piece) {
    const link = this.#links.findLast((l) => l.piece <= piece) ?? this.#links[0];
    return { link, local: piece - link.piece };
  }
}
