using Jam.Peer.Clock;

namespace Jam.Tests.Clock;

/// <summary>A network path whose delays are drawn from a seed; one way, microseconds.</summary>
/// <param name="BaseUs">What light and switches take.</param>
/// <param name="JitterUs">Mean of the exponential part that every packet has.</param>
/// <param name="SpikeShare">Share of packets that meet a queue.</param>
/// <param name="SpikeUs">Mean of the exponential part that those have besides.</param>
/// <param name="StallUs">How long nothing gets through, every four seconds.</param>
/// <param name="WakeUs">What each end adds at most to what reaches it after a rest, another share of it after each.</param>
internal sealed record ModelledPath(double BaseUs, double JitterUs, double SpikeShare, double SpikeUs, double StallUs = 0, double WakeUs = 0)
{
    private const double StallEveryUs = 4_000_000;

    /// <summary>The lab's campus link; a loss costs a resend.</summary>
    public static ModelledPath Campus { get; } = new(2_000, 3_000, 0.005, 20_000, 60_000);

    /// <summary>The same on machines that have much to do.</summary>
    public static ModelledPath BusyCampus { get; } = new(2_000, 3_000, 0.05, 8_000, 60_000, 150);

    public static ModelledPath Lan { get; } = new(80, 30, 0.02, 500);

    /// <summary>Processes of one machine, or of a quick network, whose processors doze.</summary>
    public static ModelledPath Waking { get; } = new(45, 20, 0.03, 500, WakeUs: 50);

    public static ModelledPath Wifi { get; } = new(700, 600, 0.1, 5_000);

    public static ModelledPath BadWifi { get; } = new(1_500, 3_000, 0.3, 20_000);

    public static ModelledPath Wan { get; } = new(20_000, 1_500, 0.1, 10_000);

    public double Draw(Random random) =>
        BaseUs + Exponential(random, JitterUs) + (random.NextDouble() < SpikeShare ? Exponential(random, SpikeUs) : 0);

    /// <summary>Until when a packet of this moment stands still.</summary>
    public double Stalled(double atUs)
    {
        var into = atUs % StallEveryUs;
        return into < StallUs ? atUs - into + StallUs : atUs;
    }

    private static double Exponential(Random random, double mean) => -mean * Math.Log(1 - random.NextDouble());
}

/// <summary>
/// One client with a clock of its own that drives an estimator over a modelled path. Truth is the room clock itself,
/// in microseconds since the start; the local clock runs fast or slow against it, and its speed wanders a little.
/// </summary>
internal sealed class ModelledClient(ModelledPath path, double ppm, double localAtStartUs, int seed)
{
    private const double RestUs = 10_000;

    private readonly Random _random = new(seed);
    private double _speed = 1 + ppm * 1e-6;
    private double _localUs = localAtStartUs;
    private double _trueUs;
    private double _lastThereUs;
    private double _lastBackUs;
    private double _wakeThereUs;
    private double _wakeBackUs;
    private readonly Queue<(double AtUs, long T1Us, long T2Us, long T3Us, Guid ClockId)> _answers = new();

    public RoomClockEstimator Estimator { get; } = new();

    /// <summary>Added to the room's clock; changes make a step.</summary>
    public double RoomStepUs { get; set; }

    public Guid ClockId { get; set; } = new("11111111-1111-1111-1111-111111111111");

    /// <summary>Whether the server answers.</summary>
    public bool IsServerThere { get; set; } = true;

    public double TrueUs => _trueUs;

    public double LocalUs => _localUs;

    /// <summary>What the estimate is off by at this moment, microseconds.</summary>
    public double ErrorUs => Estimator.Snapshot.ToRoomUs(_localUs) - (_trueUs + RoomStepUs);

    /// <summary>Runs up to an instant, probing as the estimator asks, and observes itself every so often.</summary>
    public void RunUntil(double trueUs, double everyUs = double.MaxValue, Action? observe = null)
    {
        var nextObservation = everyUs == double.MaxValue ? double.MaxValue : (Math.Floor(_trueUs / everyUs) + 1) * everyUs;
        while (_trueUs < trueUs)
        {
            var probeAt = IsServerThere ? _trueUs + Math.Max(0, (Estimator.NextProbeAtUs - _localUs) / _speed) : double.MaxValue;
            var answerAt = _answers.TryPeek(out var answer) ? answer.AtUs : double.MaxValue;
            var next = Math.Min(Math.Min(Math.Min(probeAt, answerAt), trueUs), nextObservation);
            MoveTo(Math.Max(next, _trueUs));
            if (next == answerAt)
            {
                _answers.Dequeue();
                if (IsServerThere)
                    Estimator.OnResponse(answer.T1Us, answer.T2Us, answer.T3Us, (long)_localUs, answer.ClockId);
            }
            else if (next == nextObservation)
            {
                observe!();
                nextObservation += everyUs;
            }
            else if (next == probeAt)
            {
                Probe();
            }
        }
    }

    private void Probe()
    {
        // The estimator counts whole microseconds: up to the one that it waits for.
        MoveTo(_trueUs + 1);
        if (!Estimator.TryBeginProbe((long)_localUs, out var t1))
            return;
        if (_lastBackUs > 0 && _trueUs - _lastBackUs > RestUs)
            (_wakeThereUs, _wakeBackUs) = (path.WakeUs * _random.NextDouble(), path.WakeUs * _random.NextDouble());
        // One connection: nothing overtakes.
        _lastThereUs = Math.Max(_lastThereUs, path.Stalled(_trueUs) + path.Draw(_random) + _wakeThereUs);
        _lastBackUs = Math.Max(_lastBackUs, path.Stalled(_lastThereUs + 20) + path.Draw(_random) + _wakeBackUs);
        _answers.Enqueue((_lastBackUs, t1, (long)(_lastThereUs + RoomStepUs), (long)(_lastThereUs + 20 + RoomStepUs), ClockId));
    }

    private void MoveTo(double trueUs)
    {
        var dt = trueUs - _trueUs;
        _localUs += dt * _speed;
        _trueUs = trueUs;
        _speed += 1e-11 * Math.Sqrt(dt) * (_random.NextDouble() * 2 - 1) * 1.732;
    }
}
