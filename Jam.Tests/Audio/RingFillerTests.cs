using Jam.Peer.Audio;
using Jam.Peer.Playback;
using Jam.Peer.Session;
using NUnit.Framework;

namespace Jam.Tests.Audio;

public sealed class RingFillerTests
{
    private readonly RingFiller _filler = new(Decoders.Of(DecoderKind.Auto));

    [TearDown]
    public void Close() => _filler.Close();

    [Test]
    public void It_decodes_as_far_as_the_plan_says_and_stops()
    {
        var track = Open(new PartialTrack(SampleTrack.Bytes()));
        var plan = new FillPlan(null, Goal(0, 2));
        FillAll(plan);
        Assert.That(track.Find(0, 2 * 44_100), Is.Not.Null);
        Assert.That(track.Find(0, 3 * 44_100), Is.Null);
        Assert.That(_filler.Fill(plan, default), Is.False);
    }

    [Test]
    public void A_seek_is_prepared_while_what_sounds_before_it_stays()
    {
        var track = Open(new PartialTrack(SampleTrack.Bytes()));
        FillAll(new FillPlan(null, Goal(0, 3)));
        FillAll(new FillPlan(Goal(2, 4), Goal(20, 23)));
        Assert.That(track.Find(2 * 44_100, 2 * 44_100), Is.Not.Null, "the old place");
        Assert.That(track.Find(20 * 44_100, 3 * 44_100), Is.Not.Null, "the new place");
        FillAll(new FillPlan(null, Goal(21, 25)));
        Assert.That(track.Find(21 * 44_100, 4 * 44_100), Is.Not.Null, "it goes on there");
    }

    [Test]
    public void A_short_step_back_needs_no_second_place()
    {
        var track = Open(new PartialTrack(SampleTrack.Bytes()));
        FillAll(new FillPlan(null, Goal(0, 5)));
        FillAll(new FillPlan(Goal(3, 3.5), Goal(0.5, 5)));
        Assert.That(track.Find((long)(0.5 * 44_100), 3 * 44_100), Is.SameAs(track.Find(3 * 44_100, 100)));
    }

    [Test]
    public void The_ring_follows_a_playhead_through_the_whole_track_and_knows_its_end()
    {
        var track = Open(new PartialTrack(SampleTrack.Bytes()));
        for (var at = 0.0; at < 30; at += 0.5)
        {
            FillAll(new FillPlan(null, Goal(at, at + 4)));
            Assert.That(track.Find((long)(at * 44_100), 22_050), Is.Not.Null, $"at {at} s");
        }
        Assert.That(track.Find(29 * 44_100, 1_000_000), Is.Not.Null, "after its end is silence");
    }

    [Test]
    public void A_playhead_that_ran_ahead_of_missing_bytes_is_met_where_it_is()
    {
        var bytes = SampleTrack.Bytes();
        var reader = new PartialTrack(bytes, isWhole: false);
        reader.Arrive(0, 100_000);
        var track = Open(reader);
        Assert.That(() => FillAll(new FillPlan(null, Goal(0, 6))), Throws.InstanceOf<OperationCanceledException>());
        var dry = track.Find(0, 100)!.End;
        Assert.That(dry, Is.InRange(3 * 44_100, 5 * 44_100));

        reader.Arrive(480_000, bytes.Length - 480_000);
        FillAll(new FillPlan(null, Goal(22, 24)));
        Assert.That(track.Find(22 * 44_100, 2 * 44_100), Is.Not.Null);
        Assert.That(reader.Waits.Distinct().Count(), Is.EqualTo(1), "nothing between was waited for");
    }

    [Test]
    public void What_cannot_be_played_says_why()
    {
        Assert.That(_filler.Open("x", new PartialTrack(Mp3Bytes.Garbage(20_000)), null, 0, out var error, default), Is.Null);
        Assert.That(error, Does.Contain("no audio"));
        Assert.That(_filler.Track, Is.Null);
    }

    private static FillGoal Goal(double fromS, double untilS) => new((long)(fromS * 1e6), (long)(untilS * 1e6));

    private PlayoutTrack Open(ITrackReader reader)
    {
        var track = _filler.Open("x", reader, null, 0, out var error, default);
        Assert.That(track, Is.Not.Null, error);
        return track!;
    }

    private void FillAll(FillPlan plan)
    {
        for (var batches = 0; _filler.Fill(plan, default); batches++)
            Assert.That(batches, Is.LessThan(1_000), "it must come to an end");
    }
}
