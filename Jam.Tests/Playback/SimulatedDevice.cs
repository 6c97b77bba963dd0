using Jam.Peer.Playback;

namespace Jam.Tests.Playback;

/// <summary>
/// A sound device in virtual time. Its quartz is off by some ppm; it asks for frames in periods and reports, with noise, when the frame
/// that it takes next is heard. What it truly does is known, so what comes out can be judged by that.
/// </summary>
internal sealed class SimulatedDevice
{
    private const long TimingEveryUs = 50_000;

    private readonly double _periodUs;
    private readonly double _noiseUs;
    private readonly Random _random;
    private readonly int _leadFrames;
    private double _zeroUs;
    private long _nextTimingUs;

    public SimulatedDevice(int rate, double ppm = 0, double noiseUs = 0, int seed = 1, long startUs = 1_000_000, long leadUs = 200_000)
    {
        Rate = rate;
        _periodUs = 1e6 / (rate * (1 + ppm * 1e-6));
        _noiseUs = noiseUs;
        _random = new Random(seed);
        NowUs = _nextTimingUs = startUs;
        _zeroUs = startUs + leadUs;
        _leadFrames = (int)(leadUs * 1e-6 * rate);
        Clock = new WriteClock(rate);
    }

    /// <summary>Nominal frames per second.</summary>
    public int Rate { get; }

    public WriteClock Clock { get; }

    /// <summary>Virtual local time.</summary>
    public long NowUs { get; private set; }

    /// <summary>Frames written so far.</summary>
    public long Written { get; private set; }

    /// <summary>When a frame is truly heard.</summary>
    public double TrulyHeardAtUs(long frame) => _zeroUs + frame * _periodUs;

    /// <summary>
    /// Runs for some time: wherever the queue is a period short of full, <paramref name="render"/> is asked for (first frame, count).
    /// </summary>
    public void Run(long us, int periodFrames, Action<long, int> render)
    {
        for (var end = NowUs + us; NowUs < end; NowUs += 1_000)
        {
            while (NowUs >= _nextTimingUs)
            {
                Report();
                _nextTimingUs += TimingEveryUs;
            }
            var played = (NowUs - _zeroUs) / _periodUs;
            while (Written - played < _leadFrames - periodFrames)
            {
                render(Written, periodFrames);
                Written += periodFrames;
            }
        }
    }

    /// <summary>The queue runs empty for a while; what is written next is heard so much later.</summary>
    public void Starve(long us)
    {
        _zeroUs += us;
        Clock.OnUnderrun();
    }

    private void Report()
    {
        // What is heard in a moment, as a device says it: its own position, in whole frames.
        var frame = (long)Math.Max(0, (NowUs - _zeroUs) / _periodUs + 0.1 * Rate);
        var noise = (_random.NextDouble() + _random.NextDouble() - 1) * 2 * _noiseUs;
        Clock.Add(frame, TrulyHeardAtUs(frame) + noise, NowUs);
    }
}
