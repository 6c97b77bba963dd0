using System.Buffers;

namespace Jam.Server.Contracts;

/// <summary>
/// What is written and not sent yet, in an array of the pool that is borrowed at the first byte and goes back when all of it is sent: most
/// connections are idle, and what thousands of joins would leave behind in buffers that grow is a third of what a server's garbage collector
/// has to do then. For one thread at a time.
/// </summary>
/// <param name="leastBytes">Borrowed at the least.</param>
internal sealed class RentedBuffer(int leastBytes) : IBufferWriter<byte>
{
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

    /// <summary>They are sent, or not wanted any more.</summary>
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
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(leastBytes, Math.Max(size, 2 * Count)));
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
