namespace Jam.Peer.Swarm;

/// <summary>Bytes that arrive, smoothed over about half a second of arrivals.</summary>
internal sealed class ArrivalMeter
{
    private const long WindowUs = 250_000;

    private long _sinceUs = -1;
    private long _bytes;

    /// <summary>Bytes per microsecond.</summary>
    public double BytesPerUs { get; private set; }

    /// <summary>A chunk has come.</summary>
    public void Add(int bytes, long nowUs)
    {
        if (_sinceUs < 0)
            _sinceUs = nowUs;
        _bytes += bytes;
        if (nowUs - _sinceUs < WindowUs)
            return;
        var rate = _bytes / (double)(nowUs - _sinceUs);
        BytesPerUs = BytesPerUs == 0 ? rate : (BytesPerUs + rate) / 2;
        (_sinceUs, _bytes) = (nowUs, 0);
    }
}
