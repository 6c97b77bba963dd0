using System.Runtime.InteropServices;
using Jam.Peer.Audio;
using Jam.Peer.Playback;
using NUnit.Framework;

namespace Jam.Tests.Audio;

/// <summary>
/// The same contract on what is really there: the outputs without a device, and ALSA's null device where its library is. Sound devices are
/// added by hand: JAM_TEST_DEVICES=pulse,alsa:pulse,naudio:pulse (silence is all that they get).
/// </summary>
[TestFixtureSource(nameof(All))]
[CancelAfter(60_000)]
internal sealed class OutputDeviceTests(string name)
{
    private static IEnumerable<string> All()
    {
        yield return "null";
        yield return "wav";
        if (NativeLibrary.TryLoad("libasound.so.2", out _))
        {
            yield return "alsa:null";
#if USE_NAUDIO
            yield return "naudio:null";
#endif
        }
        foreach (var device in (Environment.GetEnvironmentVariable("JAM_TEST_DEVICES") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
            yield return device;
    }

    private bool IsDevice => name is not ("null" or "wav") && !name.EndsWith(":null", StringComparison.Ordinal);

    [Test]
    public async Task Frames_are_asked_for_in_order_until_the_end_by_a_clock_that_runs(CancellationToken ct)
    {
        var output = await OpenAsync(ct);
        var renderer = new Recorder(until: 96_000);
        output.Start(renderer);
        await renderer.Reached.WaitAsync(ct);
        Assert.That(output.Lost.IsCompleted, Is.False);
        await output.DisposeAsync();
        var frames = renderer.Frames;
        Assert.That(renderer.IsGapless, Is.True);
        Assert.That(renderer.IsClockSteady, Is.True, "from one frame to the next is a period");
        if (IsDevice || name is "null" or "wav")
            Assert.That(renderer.LockedRenders, Is.Positive);
        Assert.That(renderer.Frames, Is.EqualTo(frames), "nothing is asked for after the end");
    }

    [Test]
    public async Task Who_keeps_it_waiting_costs_a_device_an_underrun_and_nobody_a_frame(CancellationToken ct)
    {
        await using var output = await OpenAsync(ct);
        var renderer = new Recorder(until: 48_000);
        output.Start(renderer);
        await renderer.Reached.WaitAsync(ct);
        using var gate = new ManualResetEventSlim();
        var held = renderer.HoldAt(gate, thenUntil: 96_000);
        await held.WaitAsync(ct);
        // A real device needs real time to run dry; the others are let go at once.
        if (IsDevice)
            gate.Wait(700, ct);
        gate.Set();
        await renderer.Reached.WaitAsync(ct);
        Assert.That(renderer.IsGapless, Is.True);
        Assert.That(output.Underruns, IsDevice ? Is.GreaterThan(0) : Is.Zero);
        if (!IsDevice)
            return;
        renderer.ForgetLocks(thenUntil: renderer.Frames + 240_000);
        await renderer.Reached.WaitAsync(ct);
        Assert.That(renderer.LockedRenders, Is.Positive, "it is timed anew");
        Assert.That(renderer.AheadUs, Is.InRange(1_000, 1_000_000));
    }

    private async Task<IAudioOutput> OpenAsync(CancellationToken ct)
    {
        var (kind, device) = name.Split(':', 2) is [var left, var right] ? (left, right) : (name, null);
        var (output, error) = kind switch
        {
            "null" => (new NullOutput(TimeProvider.System), null),
            "wav" => (WavOutput.Open(TimeProvider.System, Path.Combine(Path.GetTempPath(), $"swarmjam-{Guid.NewGuid():N}.wav")), null),
            "alsa" => AlsaOutput.Open(TimeProvider.System, device),
            "pulse" => await PulseOutput.OpenAsync(TimeProvider.System, device, true, TimeSpan.FromSeconds(3), null, ct),
#if USE_NAUDIO
            "naudio" => NAudioOutput.Open(TimeProvider.System, device),
#endif
            _ => ((IAudioOutput?)null, $"no such output: {name}"),
        };
        Assert.That(output, Is.Not.Null, error);
        return output!;
    }

    [OneTimeTearDown]
    public void RemoveFiles()
    {
        foreach (var file in Directory.GetFiles(Path.GetTempPath(), "swarmjam-*.wav*"))
            File.Delete(file);
    }

    private sealed class Recorder(long until) : IFrameRenderer
    {
        private readonly Lock _lock = new();
        private TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TaskCompletionSource? _held;
        private ManualResetEventSlim? _gate;
        private long _until = until;
        private long _next = -1;

        public Task Reached
        {
            get
            {
                lock (_lock)
                    return _reached.Task;
            }
        }

        public long Frames { get; private set; }

        public bool IsGapless { get; private set; } = true;

        public bool IsClockSteady { get; private set; } = true;

        public int LockedRenders { get; private set; }

        public double AheadUs { get; private set; }

        /// <summary>The next render waits at a gate.</summary>
        public Task HoldAt(ManualResetEventSlim gate, long thenUntil)
        {
            lock (_lock)
            {
                (_gate, _until) = (gate, Frames + thenUntil);
                _reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return _held.Task;
            }
        }

        public void ForgetLocks(long thenUntil)
        {
            lock (_lock)
            {
                (LockedRenders, _until) = (0, thenUntil);
                _reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        public void Render(Span<float> output, long firstFrame, long nowUs, IOutputClock clock)
        {
            output.Clear();
            ManualResetEventSlim? gate;
            lock (_lock)
            {
                (gate, _gate) = (_gate, null);
                IsGapless &= _next < 0 || firstFrame == _next;
                _next = firstFrame + output.Length / 2;
                Frames += output.Length / 2;
                IsClockSteady &= Math.Abs(clock.HeardAtUs(firstFrame + 1_000) - clock.HeardAtUs(firstFrame) - 1_000 * clock.PeriodUs) < 0.01;
                if (clock.IsLocked)
                {
                    LockedRenders++;
                    AheadUs = clock.HeardAtUs(firstFrame) - nowUs;
                }
                if (gate is not null)
                    _held!.TrySetResult();
                if (Frames >= _until)
                    _reached.TrySetResult();
            }
            gate?.Wait();
        }

        public long Rewind(long earliestFrame, long nowUs, IOutputClock clock) => -1;
    }
}
