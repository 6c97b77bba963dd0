using System.Buffers.Binary;
using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Mp3;

/// <summary>Which byte of a track holds an instant of it, by its index.</summary>
internal static class Mp3Places
{
    /// <summary>Where the frame that sounds at a position begins, between two entries by proportion.</summary>
    /// <param name="index">The track's index.</param>
    /// <param name="positionUs">Position in the track, microseconds; beyond the end is the end.</param>
    /// <param name="trackBytes">Length of the track.</param>
    /// <returns>The byte; null where the index is not one of an MP3.</returns>
    public static double? ByteAt(Mp3Index index, long positionUs, long trackBytes)
    {
        Span<byte> bits = stackalloc byte[Mp3Header.Size];
        BinaryPrimitives.WriteUInt32BigEndian(bits, index.Header);
        if (!Mp3Header.TryParse(bits, out var first))
            return null;
        var frame = Math.Clamp((positionUs * 1e-6 * first.SampleRate + index.SkipFrames) / first.Samples, 0, index.Frames);
        var entry = (int)Math.Min(frame / index.Step, index.Offsets.Length - 1);
        var from = index.Offsets[entry];
        var (until, frames) = entry + 1 < index.Offsets.Length
            ? (index.Offsets[entry + 1], (double)index.Step)
            : (trackBytes, index.Frames - (double)entry * index.Step);
        return from + (until - from) * Math.Min(1, (frame - (double)entry * index.Step) / Math.Max(1, frames));
    }
}
