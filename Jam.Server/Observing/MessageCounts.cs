using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;

namespace Jam.Server.Observing;

/// <summary>
/// Messages by their type on the wire. A count is one addition to a cell that is found by the message's class: a hub that hands ten
/// thousand messages out must not pay for tags. Any thread.
/// </summary>
internal sealed class MessageCounts
{
    public const string TypeTag = "jam.message.type";

    private readonly ConcurrentDictionary<Type, Cell> _byClass = new();
    private readonly ConcurrentDictionary<string, Cell> _byName = new(StringComparer.Ordinal);

    /// <summary>Adds messages of one kind; the first of a class is written once, to learn what it is called.</summary>
    /// <param name="message">One of them.</param>
    /// <param name="count">How many.</param>
    /// <param name="toWire">Its wire form, <c>{"type":"NAME",...}</c>.</param>
    public void Add<T>(T message, long count, Func<T, byte[]> toWire)
        where T : class
    {
        if (!_byClass.TryGetValue(message.GetType(), out var cell))
            cell = _byClass.GetOrAdd(message.GetType(), Named(NameOf(toWire(message))));
        Interlocked.Add(ref cell.Count, count);
    }

    /// <summary>Adds one under a name that is no type of a message.</summary>
    public void Add(string name) => Interlocked.Increment(ref Named(name).Count);

    /// <summary>All counts so far.</summary>
    public IEnumerable<Measurement<long>> Read() => _byName.Select(named => new Measurement<long>(
        Interlocked.Read(ref named.Value.Count), new KeyValuePair<string, object?>(TypeTag, named.Key)));

    private Cell Named(string name) => _byName.GetOrAdd(name, static _ => new Cell());

    private static string NameOf(ReadOnlySpan<byte> wire)
    {
        var rest = wire[9..];
        return Encoding.UTF8.GetString(rest[..rest.IndexOf((byte)'"')]);
    }

    // A cache line of its own: the counts of other types are added to by other threads.
    private sealed class Cell
    {
        public long Count;
#pragma warning disable CS0169, CA1823, IDE0051 // Only there to take up room.
        private readonly long _b, _c, _d, _e, _f, _g, _h;
#pragma warning restore CS0169, CA1823, IDE0051
    }
}
