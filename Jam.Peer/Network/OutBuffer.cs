using System.Buffers;

namespace Jam.Peer.Network;

/// <summary>
/// What is written and not sent yet. The memory is borrowed, and goes back as soon as all of it is sent: most connections are idle, and
/// a manifest passes once. For one thread at a time.
/// </summary>
internal sealed class OutBuffer : IBufferWriter<byte>
{
    private const int LeastBytes = 256;

    private byte[] _bytes = [];

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>All of them, until something is added or they are cleared.</summary>
    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Count);

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _bytes.Length - Count);
        Count += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Grow(sizeHint);
        return _bytes.AsMemory(Count);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>They are sent.</summary>
    public void Clear()
    {
        Count = 0;
        Return();
        _bytes = [];
    }

    private void Grow(int by)
    {
        var size = Count + Math.Max(by, 1);
        if (size <= _bytes.Length)
            return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(LeastBytes, Math.Max(size, 2 * Count)));
        Written.Span.CopyTo(larger);
        Return();
        _bytes = larger;
    }

    private void Return()
    {
        if (_bytes.Length > 0)
            ArrayPool<byte>.Shared.Return(_bytes);
    }
}
