namespace Jam.Peer.Playback;

/// <summary>A gain that moves without a click: full scale in 20 ms.</summary>
internal sealed class VolumeRamp
{
    private const double FullScaleS = 0.02;

    private readonly double _perFrame;
    private double _target;
    private double _now;

    public VolumeRamp(int outputRate, double volume)
    {
        _perFrame = 1 / (FullScaleS * outputRate);
        Target = volume;
        _now = _target;
    }

    /// <summary>Any thread: 0 to 1; values outside are brought inside, NaN is silence.</summary>
    public double Target
    {
        get => Volatile.Read(ref _target);
        set => Volatile.Write(ref _target, double.IsNaN(value) ? 0 : Math.Clamp(value, 0, 1));
    }

    /// <summary>Audio thread: the gain that the next frame starts from.</summary>
    public double Now
    {
        get => _now;
        set => _now = value;
    }

    /// <summary>Audio thread: multiplies interleaved stereo.</summary>
    /// <param name="stereo">The frames.</param>
    /// <param name="target">Where to ramp to: <see cref="Target"/>, read once for a stretch that belongs together.</param>
    public void Apply(Span<float> stereo, double target)
    {
        if (_now == 1 && target == 1)
            return;
        for (var i = 0; i + 1 < stereo.Length; i += 2)
        {
            if (_now != target)
                _now = _now < target ? Math.Min(target, _now + _perFrame) : Math.Max(target, _now - _perFrame);
            stereo[i] *= (float)_now;
            stereo[i + 1] *= (float)_now;
        }
    }
}
