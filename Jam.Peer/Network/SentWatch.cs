using Jam.Peer.Swarm;

namespace Jam.Peer.Network;

/// <summary>What a connection has given to its socket, and how much of it the other side has.</summary>
internal interface ISentChunks
{
    /// <summary>How many of the bytes sent the other side's system has acknowledged. A call of the system.</summary>
    long AckedBytes { get; }

    /// <summary>Size of the oldest chunk, or manifest, that the socket took or will take and <see cref="TryTakeSent"/> did not give; null: none.</summary>
    int? NextUnackedBytes { get; }

    /// <summary>Takes the oldest chunk that ends within the bytes acknowledged; null where there is none.</summary>
    (SendChunk Chunk, int Bytes)? TryTakeSent(long ackedBytes);
}

/// <summary>
/// Tells when chunks have arrived. That a socket took a chunk says nothing: several sockets share one uplink, and
/// together they would take more than it carries in a second; what lies there can be neither overtaken nor cancelled, and it
/// fills the queue of the slowest hop until that drops packets. So a chunk has arrived when the other side's system has
/// acknowledged it. No event tells that, so the acknowledged bytes are read at the moment when the next chunk is due at the
/// rate of the last ones; with nothing on its way nothing is read. Owned by the swarm's loop.
/// </summary>
internal sealed class SentWatch<TConnection>
    where TConnection : ISentChunks
{
    // The last small segment of a chunk may be acknowledged 40 ms late (delayed acknowledgements).
    private const int ToleranceBytes = 3_000;
    private const long SoonestUs = 1_000;
    private const long LatestUs = 20_000;

    // Events come by the hundred a second: what one of them could show early the timer shows soon enough.
    private const int LooksInChunk = 4;

    private readonly List<TConnection> _watched = [];
    private double _usPerByte;
    private long _progressAtUs;
    private long _checkedAtUs;
    private long _stepUs = SoonestUs;

    /// <summary>When <see cref="Check"/> should be called though nothing happens; <see cref="long.MaxValue"/>: nothing is on its way.</summary>
    public long DueUs { get; private set; } = long.MaxValue;

    /// <summary>A connection's socket has taken a chunk.</summary>
    public void Add(TConnection connection, long nowUs)
    {
        if (_watched.Count == 0)
            (_progressAtUs, DueUs) = (nowUs, nowUs + SoonestUs);
        if (!_watched.Contains(connection))
            _watched.Add(connection);
    }

    /// <summary>A connection is gone.</summary>
    public void Remove(TConnection connection) => _watched.Remove(connection);

    /// <summary>
    /// Whether <see cref="Check"/> could have news after something else has happened. Each look costs a call of the system per
    /// connection: on a link that carries a chunk in less than a millisecond that would be dearer than the chunk, and on a slower one
    /// four looks in its time are enough.
    /// </summary>
    public bool MayHaveNews(long nowUs) => _watched.Count > 0 && nowUs >= _checkedAtUs + _stepUs;

    /// <summary>Reports every chunk that was acknowledged since the last time.</summary>
    public void Check(long nowUs, Action<TConnection, SendChunk> arrived)
    {
        _checkedAtUs = nowUs;
        var (bytes, taken, next) = (0L, 0, int.MaxValue);
        for (var i = _watched.Count - 1; i >= 0; i--)
        {
            var connection = _watched[i];
            var acked = connection.AckedBytes + ToleranceBytes;
            while (connection.TryTakeSent(acked) is var (chunk, size))
            {
                bytes += size;
                taken++;
                arrived(connection, chunk);
            }

            if (connection.NextUnackedBytes is { } front)
                next = Math.Min(next, front);
            else
                _watched.RemoveAt(i);
        }

        if (bytes > 0)
        {
            var sample = Math.Max(1.0, nowUs - _progressAtUs) / bytes;
            _usPerByte = _usPerByte == 0 ? sample : _usPerByte + (sample - _usPerByte) / 8;
            _progressAtUs = nowUs;
            _stepUs = Math.Clamp((long)(_usPerByte * bytes / taken / LooksInChunk), SoonestUs, LatestUs);
        }

        // What is overdue is looked for at steps of an eighth of the time waited for.
        DueUs = _watched.Count == 0
            ? long.MaxValue
            : Math.Max(_progressAtUs + (long)(_usPerByte * next), nowUs + Math.Clamp((nowUs - _progressAtUs) / 8, SoonestUs, LatestUs));
    }
}
