using Jam.Peer.Playback;

namespace Jam.Tests.Audio;

/// <summary>
/// A track of which some bytes are here. A read of others is as a wait that was cancelled: it throws at once, and is noted.
/// </summary>
internal sealed class PartialTrack : ITrackReader
{
    private readonly byte[] _bytes;
    private readonly bool[] _here;

    public PartialTrack(byte[] bytes, bool isWhole = true)
    {
        _bytes = bytes;
        _here = new bool[bytes.Length];
        if (isWhole)
            Arrive(0, bytes.Length);
    }

    public long LengthBytes => _bytes.Length;

    /// <summary>Most bytes that one read gives.</summary>
    public int MostPerRead { get; init; } = int.MaxValue;

    /// <summary>The first bytes that were waited for.</summary>
    public List<long> Waits { get; } = [];

    /// <summary>Lowest and highest byte that was asked for.</summary>
    public (long Low, long High) Asked { get; set; } = (long.MaxValue, -1);

    public void Arrive(long offset, long count) => _here.AsSpan((int)offset, (int)count).Fill(true);

    public int Read(long offset, Span<byte> buffer, CancellationToken cancellationToken)
    {
        if (offset >= _bytes.Length || buffer.IsEmpty)
            return 0;
        Asked = (Math.Min(Asked.Low, offset), Math.Max(Asked.High, offset));
        if (!_here[offset])
        {
            Waits.Add(offset);
            throw new OperationCanceledException();
        }
        var count = 0;
        while (count < Math.Min(buffer.Length, MostPerRead) && offset + count < _bytes.Length && _here[offset + count])
            count++;
        _bytes.AsSpan((int)offset, count).CopyTo(buffer);
        return count;
    }
}
