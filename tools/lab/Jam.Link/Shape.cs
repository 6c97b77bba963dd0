namespace Jam.Link;

/// <summary>
/// When a packet comes out of one direction of a link. Pure: time and randomness come from outside. Packets keep their order, as in the
/// queue of a Wi-Fi station: one that is late holds up those behind it, and they come in a burst.
/// </summary>
internal sealed class Shape
{
    private const double NsPerMs = 1e6;

    private readonly Random _random;
    private readonly double _loss;
    private readonly double _nsPerByte;
    private readonly double _queueNs;
    private readonly double _delayNs;
    private readonly double _jitterNs;
    private readonly long _stallNs;
    private readonly long _stallEveryNs;
    private readonly long _stallPhaseNs;
    private double _freeNs = double.MinValue;
    private long _lastOutNs = long.MinValue;

    public Shape(ShapeSpec spec, Random random, double stallPhase)
    {
        _random = random;
        _loss = spec.Loss;
        _nsPerByte = spec.RateMbit > 0 ? 8e3 / spec.RateMbit : 0;
        _queueNs = spec.QueueMs * NsPerMs;
        _delayNs = spec.DelayMs * NsPerMs;
        _jitterNs = spec.JitterMs * NsPerMs;
        _stallNs = (long)(spec.StallMs * NsPerMs);
        _stallEveryNs = (long)(spec.StallEveryMs * NsPerMs);
        _stallPhaseNs = (long)(stallPhase * _stallEveryNs);
    }

    /// <summary>The instant at which a packet of so many bytes, which came now, is through; null where it is lost.</summary>
    public long? Take(int bytes, long nowNs)
    {
        if (_loss > 0 && _random.NextDouble() < _loss)
            return null;
        var startNs = AfterStall(Math.Max(nowNs, _freeNs));
        if (_nsPerByte > 0 && _queueNs > 0 && _freeNs - nowNs > _queueNs)
            return null;
        // A stall stands before the link, not in it: what is on its way arrives.
        _freeNs = startNs + bytes * _nsPerByte;
        var delayNs = _delayNs + (_jitterNs > 0 ? -_jitterNs * Math.Log(1 - _random.NextDouble()) : 0);
        _lastOutNs = Math.Max(_lastOutNs, (long)(_freeNs + delayNs));
        return _lastOutNs;
    }

    private double AfterStall(double ns)
    {
        if (_stallNs == 0 || _stallEveryNs == 0)
            return ns;
        var into = (ns + _stallPhaseNs) % _stallEveryNs;
        return into < _stallNs ? ns + _stallNs - into : ns;
    }
}
