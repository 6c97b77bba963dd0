using Jam.Peer.Playback;

namespace Jam.Peer.Audio;

/// <summary>A stretch of a track as if it were a track.</summary>
internal sealed class SlicedReader(ITrackReader track, long from, long until) : ITrackReader
{
    public long LengthBytes => until - from;

    public int Read(long offset, Span<byte> buffer, CancellationToken cancellationToken) => offset >= LengthBytes
        ? 0
        : track.Read(from + offset, buffer[..(int)Math.Min(buffer.Length, LengthBytes - offset)], cancellationToken);
}
