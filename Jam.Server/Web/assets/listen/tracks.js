// The tracks of the room as this page holds them: what is needed of each is fetched from a gateway, by kind.

import { Blocks } from './blocks.js';
import { ChainedTrack } from './chainedTrack.js';
import { Manifest } from './manifest.js';
import { Mp3Track, NoAudioError } from './mp3Track.js';
import { PcmTrack } from './pcmTrack.js';
import { Pieces } from './pieces.js';
import { sha256 } from '../sha256.js';
import { SplicedTrack } from './splicedTrack.js';
import { parseIndex } from './trackIndex.js';
import { MAX_BYTES, MAX_SECONDS, WholeTrack } from './wholeTrack.js';

const KEPT = 3;

/** What a browser decodes may be shorter than what peers heard by less than this. */
const MISSING_US = 2e6;

/** A track that this page cannot play; the message says why and what to do. */
export class UnplayableError extends Error {
  /** No other try will go better. */
  isFinal = true;
}

const startsWith = (bytes, text, at = 0) => [...text].every((c, i) => bytes[at + i] === c.charCodeAt(0));

// What peers play and no browser does, by how it begins.
const NATIVE_ONLY = { caff: 'CAF', wvpk: 'WavPack', RF64: 'RF64', riff: 'Wave64', '.snd': 'AU', 'MAC ': 'APE', TTA1: 'TTA', 'DSD ': 'DSD' };

const nativeOnly = (what) =>
  new UnplayableError(
    `This browser cannot play ${what}. MP3, FLAC, Ogg, WAV and AIFF play here; to hear this one, start SwarmJam itself: tools/jam --connect.`,
  );

/** 'pcm', 'whole' or 'mp3', by a track's first bytes; names are not trusted. What no browser plays is told as an error. */
export function kindOf(head) {
  const native = Object.keys(NATIVE_ONLY).find((magic) => startsWith(head, magic));
  if (native) throw nativeOnly(`a ${NATIVE_ONLY[native]} file`);
  if ((startsWith(head, 'RIFF') && startsWith(head, 'WAVE', 8)) || (startsWith(head, 'FORM') && startsWith(head, 'AIF', 8))) return 'pcm';
  return startsWith(head, 'fLaC') || startsWith(head, 'OggS') || startsWith(head, 'ftyp', 4) ? 'whole' : 'mp3';
}

export class Tracks {
  #gateways;
  #beside;
  #decoder;
  #onChange;
  #entries = new Map();

  /** @param beside what travels beside tracks */
  constructor(gateways, beside, decoder, onChange) {
    this.#beside = beside;
    this.#gateways = gateways;
    this.#decoder = decoder;
    this.#onChange = onChange;
  }

  /** What is known of a track; opens it where it was not yet. {pieces, tags, problem, share} */
  of(track) {
    let entry = this.#entries.get(track.track_id);
    if (!entry) {
      entry = { track, pieces: null, tags: null, problem: null, share: 0, abort: new AbortController() };
      this.#entries.set(track.track_id, entry);
      this.#open(entry);
      this.#tags(entry);
    }
    return entry;
  }

  /** Lets go of what the room does not play any more. */
  keep(trackIds) {
    for (const [id, entry] of this.#entries) {
      if (this.#entries.size <= KEPT) return;
      if (!trackIds.includes(id)) this.#close(id, entry);
    }
  }

  close() {
    for (const [id, entry] of this.#entries) this.#close(id, entry);
  }

  #close(id, entry) {
    entry.abort.abort(new DOMException('the track is not wanted any more', 'AbortError'));
    entry.pieces?.close();
    this.#entries.delete(id);
  }

  async #open(entry) {
    const { signal } = entry.abort;
    for (let waitMs = 250; !signal.aborted && !entry.pieces; waitMs = Math.min(8000, waitMs * 2)) {
      try {
        entry.pieces = new Pieces(await this.#load(entry, signal), () => this.#onChange(entry));
        entry.problem = null;
      } catch (error) {
        if (signal.aborted) return;
        entry.problem = error;
      }
      this.#onChange(entry);
      if (entry.problem instanceof UnplayableError) return;
      if (!entry.pieces) await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  async #load(entry, signal) {
    const { track } = entry;
    const id = track.track_id;
    const { index: hash } = track.sidecars ?? {};
    // The index tells of an MP3 what is needed to begin anywhere; with it, not even the first bytes are.
    const [hashes, index] = await Promise.all([
      this.#gateways.beside(id, 'manifest', signal, (bytes) => Manifest.isOf(id, bytes)),
      hash ? this.#gateways.beside(id, 'index', signal, (bytes) => sha256(bytes) === hash) : null,
    ]);
    // A gateway of an earlier version has no hashes to give: its bytes are taken as they are.
    const manifest = hashes && new Manifest(hashes);
    const fetchRange = async (from, to, s) => {
      const bytes = await this.#gateways.range(id, from, to, s, (b) => !manifest || manifest.isGood(from, b));
      entry.share += bytes.length / track.length_bytes;
      entry.problem = null;
      return bytes;
    };
    const reader = new Blocks(track.length_bytes, fetchRange, manifest?.chunkBytes);
    const decode = (bytes, rate, count) => this.#decoder.mp3(bytes, rate, count);
    const decodeWhole = (bytes, rate) => this.#decoder.whole(bytes, rate);
    const openWhole = (s) => this.#openWhole(track, reader, decodeWhole, s);
    const spliced =
      index &&
      (SplicedTrack.open(reader, index, decodeWhole, openWhole) ??
        ChainedTrack.open(reader, index, decodeWhole, (part, s) => this.#openWhole(track, part, decodeWhole, s)));
    if (spliced) return spliced;
    if (index && parseIndex(index, track.length_bytes)) return Mp3Track.open(reader, index, decode, signal);
    const kind = kindOf(await reader.read(0, Math.min(16, track.length_bytes), signal));
    if (kind === 'mp3') return this.#openMp3(reader, decode, signal);
    if (kind === 'pcm') {
      const pcm = await PcmTrack.open(reader, signal);
      if (pcm) return pcm;
      throw nativeOnly('this kind of WAV or AIFF');
    }
    return openWhole(signal);
  }

  async #openMp3(reader, decode, signal) {
    try {
      return await Mp3Track.open(reader, null, decode, signal);
    } catch (error) {
      if (error instanceof NoAudioError) throw nativeOnly('this kind of file');
      throw error;
    }
  }

  async #openWhole(track, reader, decodeWhole, signal) {
    if (reader.lengthBytes > MAX_BYTES || track.duration_us > MAX_SECONDS * 1e6)
      throw new UnplayableError('This track is too long to be decoded in a browser at once; an MP3 or WAV of any length can be played.');
    try {
      const whole = await WholeTrack.open(reader, decodeWhole, signal);
      // Several streams one behind the other, without an index that tells them apart: it would fall silent where the first ends.
      if (reader.lengthBytes === track.length_bytes && track.duration_us - (whole.lengthFrames / whole.sampleRate) * 1e6 > MISSING_US)
        throw new UnplayableError(
          'This browser decodes only the beginning of this file, which holds several streams one behind the other.',
        );
      return whole;
    } catch (error) {
      if (error.name === 'EncodingError') throw nativeOnly('this kind of file');
      throw error;
    }
  }

  // Nothing waits for them, and nothing comes of their absence.
  async #tags(entry) {
    entry.tags = await this.#beside.tagsOf(entry.track).catch(() => null);
    this.#onChange(entry);
  }
}
