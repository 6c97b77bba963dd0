using Jam.Peer.Playback;

namespace Jam.Peer.Audio;

/// <summary>A short stretch of a track in memory, so that small reads ask for no more than they need.</summary>
internal sealed class ByteWindow(ITrackReader reader)
{
    private const int Capacity = 64 * 1024;

    private readonly byte[] _bytes = new byte[Capacity];
    private long _start;
    private int _length;

    public long LengthBytes => reader.LengthBytes;

    /// <summary>
    /// The bytes at an offset, waiting for those that are not here; fewer than asked only at the end of the track. Valid until the
    /// next call.
    /// </summary>
    public ReadOnlySpan<byte> Get(long offset, int count, CancellationToken cancellationToken)
    {
        if (offset < 0 || offset >= reader.LengthBytes)
            return default;
        if (offset < _start || offset > _start + _length)
            (_start, _length) = (offset, 0);
        if (offset + count > _start + Capacity)
            DropBefore(offset);
        while (_start + _length < offset + count)
        {
            var read = reader.Read(_start + _length, _bytes.AsSpan(_length), cancellationToken);
            if (read <= 0)
                break;
            _length += read;
        }
        var at = (int)(offset - _start);
        return _bytes.AsSpan(at, Math.Max(0, Math.Min(count, _length - at)));
    }

    private void DropBefore(long offset)
    {
        var drop = (int)(offset - _start);
        _bytes.AsSpan(drop, _length - drop).CopyTo(_bytes);
        (_start, _length) = (offset, _length - drop);
    }
}
