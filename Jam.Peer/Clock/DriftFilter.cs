namespace Jam.Peer.Clock;

/// <summary>
/// A Kalman filter over the offset of one clock from another and its drift. Offsets are in microseconds, drift in
/// microseconds per microsecond; local time orders the measurements. Pure arithmetic.
/// </summary>
/// <remarks>
/// State x = (offset, drift), transition F = [1 dt; 0 1], measurement H = [1 0]. The drift walks at random, the offset only
/// follows it: Q = q^2 [dt^3/3 dt^2/2; dt^2/2 dt].
/// </remarks>
internal sealed class DriftFilter
{
    /// <summary>Random walk of the drift per square root of a microsecond, for a machine that is probed steadily.</summary>
    private const double SteadyNoise = 3e-11;

    /// <summary>The same over a gap, in which temperature may have wandered unseen.</summary>
    private const double GapNoise = 1e-10;

    /// <summary>What an unknown pair of quartz clocks may differ by, one standard deviation.</summary>
    private const double InitialDriftSigma = 50e-6;

    private const double GapUs = 5e6;

    private double _offsetUs;
    private double _drift;
    private Covariance _p;

    /// <summary>Local instant that the state holds at, microseconds.</summary>
    public long ReferenceUs { get; private set; }

    /// <summary>Measurements taken since the start.</summary>
    public int Updates { get; private set; }

    /// <summary>Starts over from one measurement.</summary>
    public void Start(long localUs, double offsetUs, double sigmaUs)
    {
        ReferenceUs = localUs;
        _offsetUs = offsetUs;
        _drift = 0;
        _p = new Covariance(sigmaUs * sigmaUs, 0, InitialDriftSigma * InitialDriftSigma);
        Updates = 1;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear() => Updates = 0;

    /// <summary>What the state comes to at a local instant, at or after the reference.</summary>
    public (double OffsetUs, double Drift, double OffsetSigmaUs, double DriftSigma) At(long localUs)
    {
        var dt = Math.Max(0, localUs - ReferenceUs);
        var p = Predict(dt);
        return (_offsetUs + _drift * dt, _drift, Math.Sqrt(p.Offset), Math.Sqrt(p.Drift));
    }

    /// <summary>Takes a measurement in.</summary>
    public void Update(long localUs, double offsetUs, double sigmaUs)
    {
        var dt = Math.Max(0, localUs - ReferenceUs);
        var p = Predict(dt);
        var predicted = _offsetUs + _drift * dt;
        var innovation = p.Offset + sigmaUs * sigmaUs;
        var (gainOffset, gainDrift) = (p.Offset / innovation, p.Cross / innovation);
        var residual = offsetUs - predicted;
        _offsetUs = predicted + gainOffset * residual;
        _drift += gainDrift * residual;
        _p = new Covariance((1 - gainOffset) * p.Offset, (1 - gainOffset) * p.Cross, p.Drift - gainDrift * p.Cross);
        ReferenceUs += (long)dt;
        Updates++;
    }

    private Covariance Predict(double dt)
    {
        var noise = dt > GapUs ? GapNoise : SteadyNoise;
        var q = noise * noise;
        return new Covariance(
            _p.Offset + 2 * dt * _p.Cross + dt * dt * _p.Drift + q * dt * dt * dt / 3,
            _p.Cross + dt * _p.Drift + q * dt * dt / 2,
            _p.Drift + q * dt);
    }

    private readonly record struct Covariance(double Offset, double Cross, double Drift);
}
