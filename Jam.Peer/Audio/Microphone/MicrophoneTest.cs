using System.Globalization;
using Jam.Peer.Playback;
using Jam.Peer.Session;

namespace Jam.Peer.Audio.Microphone;

/// <summary>Plays sweeps, records them, and compares when they came with when the output said that they would be heard.</summary>
internal static class MicrophoneTest
{
    private const double BeforeS = 0.1;
    private const double AfterS = 1.0;
    private static readonly TimeSpan s_open = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(20);

    /// <exception cref="JamException">It cannot be measured; the line says why.</exception>
    public static async Task<MicrophoneResult> RunAsync(MicrophoneRequest request, TimeProvider time, CancellationToken cancellationToken)
    {
        var (output, error) = await PulseOutput.OpenAsync(time, request.Device, true, s_open, null, cancellationToken).ConfigureAwait(false);
        if (output is null)
            throw new JamException($"no sound: {error}");
        await using var playing = output.ConfigureAwait(false);
        using var microphone = await PulseCapture.OpenAsync(time, request.Source, s_open, cancellationToken).ConfigureAwait(false);
        var sweeps = new SweepRenderer(output.SampleRate);
        output.Start(sweeps);
        var played = await FirstAsync(sweeps.Done, output.Lost, microphone.Lost, time, cancellationToken).ConfigureAwait(false);
        // The last one has to be heard, and to come here.
        await Task.Delay(TimeSpan.FromSeconds(BeforeS + AfterS + 0.5), time, cancellationToken).ConfigureAwait(false);

        var sweep = SweepFinder.Make(microphone.SampleRate);
        var found = played.Select(atUs =>
        {
            var recording = microphone.Cut(atUs - BeforeS * 1e6, BeforeS + AfterS, out var firstUs);
            var place = SweepFinder.Find(recording, sweep, out var likeness);
            return new SweepHeard((firstUs + place * 1e6 / microphone.SampleRate - atUs) / 1000, likeness);
        }).ToArray();
        if (SweepHeard.Judge(found) is not { } result)
        {
            throw new JamException(string.Create(
                CultureInfo.InvariantCulture,
                $"the sweeps were not heard clearly (best likeness {found.Max(f => f.Likeness):0.00}); louder, closer, or another --source than {microphone.Source}"));
        }
        var device = output.DeviceId!;
        if (request.Save)
            new LatencyStore(null, _ => { }).Save(device, Math.Round(result.LatencyMs, 1));
        return new MicrophoneResult(device, microphone.Source, result.LatencyMs, result.SpreadMs, result.Heard, found.Length, request.Save);
    }

    private static async Task<double[]> FirstAsync(
        Task<double[]> done, Task<string> lost, Task<string> deaf, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAny(done, lost, deaf).WaitAsync(s_longest, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new JamException("the sound server does not say when what it plays is heard");
        }
        if (done.IsCompleted)
            return await done.ConfigureAwait(false);
        throw new JamException(await (lost.IsCompleted ? lost : deaf).ConfigureAwait(false));
    }
}

/// <summary>Where one sweep was found.</summary>
/// <param name="LateMs">Heard so much later than the output said.</param>
/// <param name="Likeness">0 to 1.</param>
internal readonly record struct SweepHeard(double LateMs, double Likeness)
{
    private const double ClearLikeness = 0.3;
    private const double TogetherMs = 5;
    private const int Enough = 3;

    /// <summary>The median of those that were heard clearly and agree; null where too few do.</summary>
    public static (double LatencyMs, double SpreadMs, int Heard)? Judge(IReadOnlyList<SweepHeard> all)
    {
        var clear = all.Where(s => s.Likeness >= ClearLikeness).Select(s => s.LateMs).Order().ToArray();
        if (clear.Length < Enough)
            return null;
        var median = clear[clear.Length / 2];
        var agreeing = clear.Where(ms => Math.Abs(ms - median) <= TogetherMs).ToArray();
        return agreeing.Length < Enough ? null : (median, agreeing.Max(ms => Math.Abs(ms - median)), agreeing.Length);
    }
}

/// <summary>Plays the sweeps, and notes when the output said that each would be heard.</summary>
internal sealed class SweepRenderer(int rate) : IFrameRenderer
{
    private const int Sweeps = 6;
    private const double EveryS = 1.2;

    private readonly float[] _sweep = SweepFinder.Make(rate);
    private readonly double[] _heardUs = new double[Sweeps];
    private readonly TaskCompletionSource<double[]> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _begin = -1;

    /// <summary>When each sweep was to be heard, local monotonic microseconds; once all are rendered.</summary>
    public Task<double[]> Done => _done.Task;

    public long Rewind(long earliestFrame, long nowUs, IOutputClock clock) => -1;

    public void Render(Span<float> output, long firstFrame, long nowUs, IOutputClock clock)
    {
        output.Clear();
        if (!clock.IsLocked)
            return;
        if (_begin < 0)
            _begin = firstFrame + rate;
        for (var i = 0; i < output.Length / 2; i++)
        {
            var (number, into) = Math.DivRem(firstFrame + i - _begin, (long)(EveryS * rate));
            if (firstFrame + i < _begin || number >= Sweeps || into >= _sweep.Length)
                continue;
            if (into == 0)
                _heardUs[number] = clock.HeardAtUs(firstFrame + i);
            output[2 * i] = output[2 * i + 1] = _sweep[into];
            if (number == Sweeps - 1 && into == _sweep.Length - 1)
                _done.TrySetResult(_heardUs);
        }
    }
}
