namespace Jam.Peer.Clock;

/// <summary>The lowest of the last so many values.</summary>
internal sealed class RecentMinimum(int capacity)
{
    private readonly long[] _values = new long[capacity];
    private int _count;
    private int _next;

    /// <summary>The lowest; 0 where there is none.</summary>
    public long Value { get; private set; }

    public void Add(long value)
    {
        _values[_next] = value;
        _next = (_next + 1) % _values.Length;
        _count = Math.Min(_count + 1, _values.Length);
        Value = _values[0];
        for (var i = 1; i < _count; i++)
            Value = Math.Min(Value, _values[i]);
    }

    public void Clear() => (_count, _next, Value) = (0, 0, 0);
}
