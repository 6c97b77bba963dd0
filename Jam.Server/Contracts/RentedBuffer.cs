using System.Buffers;

namespace Jam.Server.Contracts;

/// <summary>
/// Takes what is written into an array of the pool: of each message the array that it ends up in is all that is allocated. What thousands of
/// joins would leave behind in buffers that grow is a third of what a server's garbage collector has to do then.
/// </summary>
/// <param name="capacity">Bytes that it begins with.</param>
internal sealed class RentedBuffer(int capacity) : IBufferWriter<byte>, IDisposable
{
    private byte[] _array = ArrayPool<byte>.Shared.Rent(capacity);
    private int _length;

    /// <summary>What was written; valid until more is, or it is disposed of.</summary>
    public ReadOnlySpan<byte> Written => _array.AsSpan(0, _length);

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _array.Length - _length);
        _length += count;
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Ensure(Math.Max(1, sizeHint));
        return _array.AsMemory(_length);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_array.Length > 0)
            ArrayPool<byte>.Shared.Return(_array);
        (_array, _length) = ([], 0);
    }

    private void Ensure(int free)
    {
        if (_array.Length - _length >= free)
            return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(2 * _array.Length, _length + free));
        Written.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_array);
        _array = larger;
    }
}
