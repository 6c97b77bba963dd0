using Jam.Peer.Clock;
using Jam.Peer.Playback;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Playback;

/// <summary>Clicks and loop on the room clock, sample by sample.</summary>
[TestFixture]
internal sealed class RoomScoreTests
{
    private const int Rate = 48_000;
    private const double PeriodUs = 1e6 / Rate;
    private static readonly Guid ClockId = new("11111111-1111-1111-1111-111111111111");
    private static readonly Tempo Clicking = new(1, 1, ClockId, 0, 120, 4, 0, 0, true);

    private static RoomScore Score(Tempo tempo, Tempo? before = null, LoopBook? loop = null) => new(new TempoPair(tempo, before), loop, null, 0);

    /// <summary>A peer whose clock is off by so much, and runs faster by so much.</summary>
    private static RoomClockSnapshot Clock(double offsetUs = 0, double drift = 0) => RoomClockSnapshot.None with
    {
        ClockId = ClockId, IsReady = true, OffsetUs = offsetUs, Drift = drift, ReferenceLocalUs = 0,
    };

    private static float[] Render(RoomScore score, double fromUs, int frames, int block, RoomClockSnapshot? clock = null)
    {
        var all = new float[2 * frames];
        for (var at = 0; at < frames; at += block)
            score.AddTo(all.AsSpan(2 * at, 2 * Math.Min(block, frames - at)), clock ?? Clock(), fromUs + (at * PeriodUs), PeriodUs, 1);
        return all;
    }

    private static int[] OnsetsOf(float[] samples, int gap = 2400)
    {
        var onsets = new List<int>();
        var quiet = gap;
        for (var i = 0; i < samples.Length / 2; i++)
        {
            var isSound = Math.Abs(samples[2 * i]) > 1e-4;
            if (isSound && quiet >= gap)
                onsets.Add(i);
            quiet = isSound ? 0 : quiet + 1;
        }

        return [.. onsets];
    }

    [Test]
    public void Clicks_begin_on_the_very_frame_of_the_beat_and_the_downbeat_is_louder()
    {
        var samples = Render(Score(Clicking), -1000, 3 * Rate, 256);
        var onsets = OnsetsOf(samples);
        Assert.That(onsets, Has.Length.EqualTo(6));
        for (var i = 0; i < onsets.Length; i++)
            Assert.That(onsets[i], Is.InRange(48 + (i * 24_000), 48 + (i * 24_000) + 2));
        var peaks = onsets.Select(o => Enumerable.Range(o, 1000).Max(i => Math.Abs(samples[2 * i]))).ToArray();
        Assert.That(peaks[0], Is.GreaterThan(1.3f * peaks[1]).And.EqualTo(peaks[4]).Within(0.01));
    }

    [Test]
    public void Whoever_renders_in_whichever_blocks_from_whichever_moment_renders_the_same()
    {
        var loop = LoopBook.Empty.Apply(new LoopState(new LoopShape(1, 1, true, 4, 1), new LoopLane("a",
            [new LoopStep(60), new LoopStep(null, "kick"), new LoopStep(null, "snare"), new LoopStep(null, "hat")], 0)));
        var score = Score(Clicking, null, loop);
        var whole = Render(score, 0, Rate, Rate);
        foreach (var block in new[] { 64, 333, 4096 })
            Assert.That(Render(score, 0, Rate, block), Is.EqualTo(whole).Within(1e-5f), $"blocks of {block}");
        var late = Render(score, 10_000 * PeriodUs, Rate - 10_000, 512);
        Assert.That(late, Is.EqualTo(whole[20_000..]).Within(1e-5f), "who joins in the middle hears the rest");
    }

    [Test]
    public void Two_peers_with_clocks_that_differ_click_at_the_same_room_time()
    {
        // The second peer's clock is 7 s behind and 80 ppm fast; its device, too.
        var ours = OnsetsOf(Render(Score(Clicking), 0, 2 * Rate, 256));
        var clock = Clock(7_000_000, -80e-6);
        var theirs = OnsetsOf(Render(Score(Clicking), clock.ToLocalUs(0), 2 * Rate, 256, clock));
        Assert.That(theirs.Zip(ours, (a, b) => Math.Abs((a * PeriodUs * (1 - 80e-6)) - (b * PeriodUs))), Is.All.LessThan(PeriodUs * 1.5));
    }

    [Test]
    public void A_change_of_tempo_neither_doubles_nor_loses_a_click()
    {
        var grid = Clicking.Grid.WithTempo(240_000, 1_240_000);
        var faster = Clicking with { Revision = 2, AtUs = 1_240_000, Bpm = 240, OriginUs = grid.OriginUs, OriginBeat = grid.OriginBeat };
        var onsets = OnsetsOf(Render(Score(faster, Clicking), -1000, 2 * Rate, 128)).Select(o => Math.Round((o * PeriodUs) - 1000));
        Assert.That(onsets, Is.EqualTo(new[] { 0.0, 500_000, 1_000_000, 1_370_000, 1_620_000, 1_870_000 }).Within(30));
    }

    [Test]
    public void A_count_in_clicks_before_the_start_and_not_after()
    {
        var quiet = Clicking with { IsClicking = false };
        var start = new Timeline(1, 2, ClockId, PlaybackStatus.Play, null, 2_000_000, 0);
        var score = new RoomScore(new TempoPair(quiet, null), null, start, 2_000_000);
        Assert.That(OnsetsOf(Render(score, -1000, 4 * Rate, 256)), Has.Length.EqualTo(4));
        Assert.That(OnsetsOf(Render(score with { CountInUs = 0 }, -1000, 4 * Rate, 256)), Is.Empty);
    }

    [Test]
    public void An_edit_of_the_loop_is_heard_from_its_cycle_on_and_what_sounded_before_it_until_then()
    {
        var quiet = Clicking with { IsClicking = false };
        LoopStep?[] one = [new LoopStep(null, "hat"), null], two = [new LoopStep(null, "hat"), new LoopStep(null, "hat")];
        var shape = new LoopShape(1, 1, true, 2, 2);
        var book = LoopBook.Empty.Apply(new LoopState(shape, new LoopLane("a", one, 0)))
            .Apply(new LoopState(shape with { Revision = 2 }, new LoopLane("a", two, 2)))
            .Apply(new LoopState(shape with { Revision = 3 }, new LoopLane("a", two, 2)));
        // Cycles of a second, steps of half of one.
        var onsets = OnsetsOf(Render(Score(quiet, null, book), -1000, 4 * Rate, 256)).Select(o => Math.Round((o * PeriodUs) - 1000));
        Assert.That(onsets, Is.EqualTo(new[] { 0.0, 1_000_000, 2_000_000, 2_500_000, 3_000_000, 3_500_000 }).Within(30));
        Assert.That(book.IsIncomplete, Is.False);
        Assert.That(book.Apply(new LoopState(shape with { Revision = 5 })).IsIncomplete, "one was missed");
        Assert.That(book.Apply(new LoopState(shape with { Revision = 2 })), Is.SameAs(book));
    }

    [Test]
    public void A_snapshot_in_the_middle_of_a_cycle_takes_nothing_over_before_the_next()
    {
        var quiet = Clicking with { IsClicking = false };
        LoopStep?[] one = [new LoopStep(null, "hat"), null], two = [new LoopStep(null, "hat"), new LoopStep(null, "hat")];
        var shape = new LoopShape(1, 1, true, 2, 2);
        var lane = new LoopLane("a", two, 2);
        var known = LoopBook.Empty.Apply(new LoopState(shape, new LoopLane("a", one, 0)));
        var told = known.Apply(new LoopState(shape with { Revision = 2 }, lane));
        foreach (var book in new[] { told.Restart(told.Shape).With([lane]), known.Restart(told.Shape).With([lane]) })
        {
            var onsets = OnsetsOf(Render(Score(quiet, null, book), -1000, 3 * Rate, 256)).Select(o => Math.Round((o * PeriodUs) - 1000));
            Assert.That(onsets, Is.EqualTo(new[] { 0.0, 1_000_000, 2_000_000, 2_500_000 }).Within(30));
        }

        var off = shape with { Revision = 3, IsOn = false, EffectiveCycle = 2 };
        var ends = OnsetsOf(Render(Score(quiet, null, known.Restart(off).With([lane])), -1000, 4 * Rate, 256)).Select(o => Math.Round((o * PeriodUs) - 1000));
        Assert.That(ends, Is.EqualTo(new[] { 0.0, 1_000_000 }).Within(30), "and it ends with a cycle");
    }

    [Test]
    public void On_an_unknown_clock_nothing_sounds()
    {
        Assert.That(Render(Score(Clicking), 0, Rate, 256, RoomClockSnapshot.None), Is.All.Zero);
        Assert.That(Render(Score(Clicking with { ClockId = Guid.NewGuid() }), 0, Rate, 256), Is.All.Zero);
    }

    [Test]
    public void Rendering_allocates_nothing()
    {
        var loop = LoopBook.Empty.Apply(new LoopState(new LoopShape(1, 1, true, 4, 1), new LoopLane("a",
            [new LoopStep(60), new LoopStep(null, "kick"), new LoopStep(null, "snare"), new LoopStep(null, "hat")], 0)));
        var score = Score(Clicking, null, loop);
        var block = new float[512];
        var clock = Clock();
        for (var i = 0; i < 2000; i++)
            score.AddTo(block, clock, i * 5000, PeriodUs, 1);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 2000; i++)
            score.AddTo(block, clock, i * 5000, PeriodUs, 1);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(10_000), "not a byte a block");
    }
}
