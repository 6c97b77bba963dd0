using Jam.Peer.Audio;
using Jam.Peer.Playback;
using NUnit.Framework;

namespace Jam.Tests.Audio;

/// <summary>What every output with a device keeps to, on devices in virtual time: start, order, timing, running dry, its end.</summary>
[TestFixtureSource(typeof(OutputRig), nameof(OutputRig.All))]
internal sealed class OutputContractTests(Func<OutputRig> open)
{
    [Test]
    public async Task Frames_are_asked_for_from_the_start_on_each_once_and_in_order()
    {
        await using var rig = open();
        rig.Run(500_000);
        var renderer = new Recorder(rig);
        rig.Output.Start(renderer);
        rig.Run(1_000_000);
        Assert.That(renderer.First, Is.InRange(10_000, 40_000), "it ran on silence before");
        Assert.That(renderer.Frames, Is.EqualTo(48_000).Within(4_800));
        Assert.That(renderer.IsGapless, Is.True);
        Assert.That(rig.Output.Underruns, Is.Zero);
        Assert.That(rig.Output.Lost.IsCompleted, Is.False);
    }

    [Test]
    public async Task The_clock_says_when_a_frame_is_heard()
    {
        await using var rig = open();
        var renderer = new Recorder(rig);
        rig.Output.Start(renderer);
        rig.Run(10_000_000);
        Assert.That(renderer.LockedAfterFrames, Is.LessThan(48_000));
        renderer.WorstErrorUs = 0;
        rig.Run(5_000_000);
        Assert.That(renderer.WorstErrorUs, Is.LessThan(60));
        Assert.That(renderer.LastPeriodUs, Is.EqualTo(1e6 / (48_000 * (1 + OutputRig.Ppm * 1e-6))).Within(20e-6 * 1e6 / 48_000), "the device's own rate");
        Assert.That(renderer.WasEverLate, Is.False, "what is rendered is still to be heard");
    }

    [Test]
    public async Task A_device_that_ran_dry_is_counted_once_and_timed_anew()
    {
        await using var rig = open();
        var renderer = new Recorder(rig);
        rig.Output.Start(renderer);
        rig.Run(5_000_000);
        rig.Starve();
        rig.Run(2_000_000);
        Assert.That(rig.Output.Underruns, Is.EqualTo(1));
        Assert.That(renderer.IsGapless, Is.True, "frames are counted on");
        renderer.WorstErrorUs = 0;
        rig.Run(1_000_000);
        Assert.That(renderer.IsLocked, Is.True);
        Assert.That(renderer.WorstErrorUs, Is.LessThan(100));
        Assert.That(rig.Output.Underruns, Is.EqualTo(1));
    }

    [Test]
    public async Task After_its_end_nothing_is_asked_for()
    {
        await using var rig = open();
        var renderer = new Recorder(rig);
        rig.Output.Start(renderer);
        rig.Run(200_000);
        await rig.Output.DisposeAsync();
        var frames = renderer.Frames;
        rig.Run(200_000);
        Assert.That(renderer.Frames, Is.EqualTo(frames).And.GreaterThan(0));
    }

    /// <summary>Compares what the clock says with what is true.</summary>
    private sealed class Recorder(OutputRig rig) : IFrameRenderer
    {
        private long _next = -1;

        public long First { get; private set; } = -1;

        public long Frames { get; private set; }

        public bool IsGapless { get; private set; } = true;

        public bool IsLocked { get; private set; }

        public long LockedAfterFrames { get; private set; } = long.MaxValue;

        public double WorstErrorUs { get; set; }

        public double LastPeriodUs { get; private set; }

        public bool WasEverLate { get; private set; }

        public void Render(Span<float> output, long firstFrame, long nowUs, IOutputClock clock)
        {
            First = First < 0 ? firstFrame : First;
            IsGapless &= _next < 0 || firstFrame == _next;
            _next = firstFrame + output.Length / 2;
            Frames += output.Length / 2;
            IsLocked = clock.IsLocked;
            if (!IsLocked)
                return;
            LockedAfterFrames = Math.Min(LockedAfterFrames, Frames);
            LastPeriodUs = clock.PeriodUs;
            WasEverLate |= clock.HeardAtUs(firstFrame) < nowUs;
            WorstErrorUs = Math.Max(WorstErrorUs, Math.Abs(clock.HeardAtUs(firstFrame) - rig.TrulyHeardAtUs(firstFrame)));
        }

        public long Rewind(long earliestFrame, long nowUs, IOutputClock clock) => -1;
    }
}
