using FsCheck;
using FsCheck.Fluent;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>The beat's arithmetic: what every peer must compute alike.</summary>
[TestFixture]
internal sealed class BeatGridTests
{
    private const long WeekUs = 7L * 24 * 3600 * 1_000_000;

    [Test]
    public void Beats_fall_where_the_tempo_says_after_a_week_as_at_the_start()
    {
        var grid = new BeatGrid(1_000, 0, 120_000);
        Assert.That(grid.TimeOfUs(0), Is.EqualTo(1_000));
        Assert.That(grid.TimeOfUs(1), Is.EqualTo(501_000));
        Assert.That(grid.TimeOfUs(-1), Is.EqualTo(-499_000));
        // 7 beats a minute short of 400: a period that no decimal fraction holds.
        var odd = new BeatGrid(0, 0, 393_000);
        Assert.That(odd.TimeOfUs(393L * 60 * 24 * 7), Is.EqualTo(WeekUs));
    }

    [Test]
    public void A_tempo_is_kept_in_thousandths_within_its_range()
    {
        Assert.That(BeatGrid.ToMilli(97.25), Is.EqualTo(97_250));
        Assert.That(BeatGrid.ToMilli(1), Is.EqualTo(20_000));
        Assert.That(BeatGrid.ToMilli(1e9), Is.EqualTo(400_000));
    }

    [Test]
    public void The_last_beat_the_first_beat_and_their_times_agree() => Check(
        from milli in Gen.Choose(20_000, 400_000)
        from origin in Gen.Choose(-2_000_000_000, 2_000_000_000)
        from at in Gen.Choose(-2_000_000_000, 2_000_000_000)
        from scale in Gen.Choose(1, 300)
        select (new BeatGrid(origin, origin / 7, milli), (long)at * scale),
        (grid, at) =>
        {
            var last = grid.LastBeatAt(at);
            var first = grid.FirstBeatFrom(at);
            return grid.TimeOfUs(last) <= at && grid.TimeOfUs(last + 1) > at && grid.TimeOfUs(first) >= at && first - last is 0 or 1
                && Math.Abs(grid.BeatsAt(at) - last - 0.5) <= 0.51;
        });

    [Test]
    public void A_change_of_tempo_keeps_the_phase_and_the_count() => Check(
        from milli in Gen.Choose(20_000, 400_000)
        from next in Gen.Choose(20_000, 400_000)
        from at in Gen.Choose(0, 2_000_000_000)
        select ((new BeatGrid(17, 3, milli), next), (long)at),
        (pair, at) =>
        {
            var (before, after) = (pair.Item1, pair.Item1.WithTempo(pair.next, at));
            // Half a microsecond, in beats of the faster tempo.
            return Math.Abs(before.BeatsAt(at) - after.BeatsAt(at)) <= 0.6 / after.PeriodUs + 1e-9;
        });

    [Test]
    public void A_thousand_changes_of_tempo_do_not_add_up_to_a_beat_that_is_off()
    {
        var random = new Random(7);
        var grid = new BeatGrid(0, 0, 120_000);
        var (at, beats) = (0L, 0m);
        for (var i = 0; i < 1000; i++)
        {
            var later = at + random.Next(1, 5_000_000);
            beats += (decimal)(later - at) * grid.MilliBpm / 60_000_000_000m;
            at = later;
            grid = grid.WithTempo(random.Next(20_000, 400_000), at);
        }

        Assert.That((decimal)grid.BeatsAt(at), Is.EqualTo(beats).Within(0.004m), "half a microsecond each at the very most");
    }

    private static void Check<T>(Gen<(T, long)> cases, Func<T, long, bool> holds) =>
        Prop.ForAll(Arb.From(cases), c => holds(c.Item1, c.Item2)).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
}
