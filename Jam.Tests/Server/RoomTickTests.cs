using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>What simple clients get: ticks, figures of the others, small values.</summary>
[TestFixture]
internal sealed class RoomTickTests
{
    [TestCase(100, 10)]
    [TestCase(50, 20)]
    public void Ticks_come_to_those_who_asked_and_are_computed_from_the_timeline(int everyMs, int count)
    {
        var room = RoomHarness.WithHostAndViewers(2);
        room.Say(1, new Play(0));
        room.Advance(1_000_000);
        room.Say(2, new ScrollRequest(everyMs));
        room.ClearInboxes();
        room.Advance(1_000_000);
        var ticks = room.Received<ScrollTick>(2).ToArray();
        Assert.That(ticks, Has.Length.EqualTo(count));
        foreach (var tick in ticks)
        {
            Assert.That(tick.AtUs % (everyMs * 1000), Is.Zero);
            Assert.That(tick.PositionUs, Is.EqualTo(room.Timeline.PositionAtUs(tick.AtUs)));
            Assert.That(tick.Revision, Is.EqualTo(room.Timeline.Revision));
        }

        Assert.That(room.Inbox(3), Is.Empty);
        room.Say(2, new ScrollRequest(0));
        room.ClearInboxes();
        room.Advance(1_000_000);
        Assert.That(room.Inbox(2), Is.Empty);
        Assert.That(room.Room.TickDueUs, Is.EqualTo(long.MaxValue));
    }

    [Test]
    public void Whoever_wants_fewer_ticks_gets_fewer_and_who_is_gone_gets_none()
    {
        var room = RoomHarness.WithHostAndViewers(2);
        room.Say(2, new ScrollRequest(50));
        room.Say(3, new ScrollRequest(100));
        room.ClearInboxes();
        room.Advance(1_000_000);
        Assert.That((room.Received<ScrollTick>(2).Count(), room.Received<ScrollTick>(3).Count()), Is.EqualTo((20, 10)));
        room.Lose(2);
        room.Lose(3);
        room.Advance(1_000_000);
        Assert.That(room.Room.TickDueUs, Is.EqualTo(long.MaxValue));
    }

    [Test]
    public void Ticks_that_were_missed_are_not_made_up_for()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Play(0));
        room.Say(2, new ScrollRequest(100));
        room.ClearInboxes();
        room.Sleep(5_000_000);
        room.Due();
        Assert.That(room.Received<ScrollTick>(2).Single().PositionUs, Is.EqualTo(room.Timeline.PositionAtUs(room.NowUs)));
        Assert.That(room.Room.TickDueUs, Is.InRange(room.NowUs + 1, room.NowUs + 100_000));
    }

    [Test]
    public void What_members_report_is_told_to_all_but_not_more_often_than_every_second_for_each_of_them()
    {
        var room = RoomHarness.WithHostAndViewers(2);
        room.Say(2, new Stats(new MemberStats(900, JitterUs: 30, Loss: 0.5, ClockErrorUs: 7)));
        room.Advance(10_000_000);
        Assert.That(room.Received<RoomStats>(3).SelectMany(s => s.Quality ?? []).Single(),
            Is.EqualTo(new MemberQuality(room.MemberOf(2).PeerId, new MemberStats(900, JitterUs: 30, Loss: 0.5, ClockErrorUs: 7))));
        room.ClearInboxes();
        for (var i = 0; i < 100; i++)
        {
            room.Say(2, new Stats(new MemberStats(900, JitterUs: i)));
            room.Advance(100_000);
        }

        Assert.That(room.Received<RoomStats>(3).Count(s => s.Quality is not null), Is.InRange(3, 4));
    }

    [Test]
    public void Where_a_way_is_full_what_members_report_is_told_as_seldom_as_in_the_largest_room()
    {
        var room = RoomHarness.WithHostAndViewers(2);
        room.Say(2, new Stats(new MemberStats(90_000)));
        room.Advance(1_000_000);
        room.ClearInboxes();
        for (var i = 0; i < 270; i++)
        {
            room.Say(2, new Stats(new MemberStats(90_000, JitterUs: i)));
            room.Advance(100_000);
        }

        Assert.That(room.Received<RoomStats>(3).Count(s => s.Quality is not null), Is.Zero);
        room.Advance(4_000_000);
        Assert.That(room.Received<RoomStats>(3).Count(s => s.Quality is not null), Is.EqualTo(1));
    }

    // So is one that is being filled by those who measure it.
    [TestCase(90_000, 1, 2)]
    [TestCase(30_000, 4, 5)]
    public void Where_a_way_is_full_two_are_told_of_at_a_time_and_each_in_its_turn(long rttUs, int least, int most)
    {
        const int viewers = 7;
        var room = RoomHarness.WithHostAndViewers(viewers);
        for (var i = 0; i < 600; i++)
        {
            for (var viewer = 2; viewer < viewers + 2; viewer++)
                room.Say(viewer, new Stats(new MemberStats(rttUs, JitterUs: i)));
            room.Advance(100_000);
            if (i == 300)
                room.ClearInboxes();
        }

        var told = room.Received<RoomStats>(2).Select(stats => stats.Quality).OfType<IReadOnlyList<MemberQuality>>().ToList();
        Assert.That(told.Max(quality => quality.Count), Is.LessThanOrEqualTo(2), "all at once are what a slow uplink carries in a third of a second");
        var perMember = told.SelectMany(quality => quality).CountBy(quality => quality.PeerId).ToDictionary();
        Assert.That(perMember, Has.Count.EqualTo(viewers));
        Assert.That(perMember.Values, Is.All.InRange(least, most));
    }

    [Test]
    public void Before_anyone_can_have_said_that_a_track_is_lacking_what_members_report_waits_as_well()
    {
        var room = RoomHarness.WithHostAndViewers(2);
        room.Say(2, new Stats(new MemberStats(900)));
        room.Advance(20_000_000);
        room.ClearInboxes();
        room.Say(1, new SetTrack(new string('b', 64), "next.mp3", 1_000_000, 16_384, TrackKind.Audio, 25_000_000));
        room.Say(2, new Stats(new MemberStats(900, JitterUs: 7)));
        room.Advance(2_500_000);
        Assert.That(room.Received<RoomStats>(3).Count(s => s.Quality is not null), Is.Zero);
        room.Advance(10_000_000);
        Assert.That(room.Received<RoomStats>(3).Count(s => s.Quality is not null), Is.EqualTo(1));
    }

    [Test]
    public void Where_a_track_has_just_come_what_members_report_waits_for_it_but_not_for_ever()
    {
        var room = RoomHarness.WithHostAndViewers(2);
        room.Say(2, new Stats(new MemberStats(900)));
        room.Advance(10_000_000);
        room.ClearInboxes();
        room.Say(2, new Ready(RoomHarness.TrackId, false));
        for (var i = 0; i < 150; i++)
        {
            room.Say(2, new Stats(new MemberStats(900, JitterUs: i)));
            room.Advance(100_000);
        }

        Assert.That(room.Received<RoomStats>(3).Count(s => s.Quality is not null), Is.Zero);
        room.Advance(20_000_000);
        Assert.That(room.Received<RoomStats>(3).Count(s => s.Quality is not null), Is.EqualTo(1));
    }

    [Test]
    public void Who_can_never_play_the_track_does_not_hold_back_what_the_others_report()
    {
        var room = RoomHarness.WithHostAndViewers(2);
        room.Say(2, new Ready(RoomHarness.TrackId, false));
        room.Advance(40_000_000);
        room.ClearInboxes();
        for (var i = 0; i < 100; i++)
        {
            room.Say(2, new Stats(new MemberStats(900, JitterUs: i)));
            room.Advance(100_000);
        }

        Assert.That(room.Received<RoomStats>(3).Count(s => s.Quality is not null), Is.InRange(3, 4));
    }

    [Test]
    public void In_a_large_room_the_worst_are_told_of()
    {
        var room = RoomHarness.WithHostAndViewers(40);
        for (var i = 2; i < 42; i++)
            room.Say(i, new Stats(new MemberStats(i * 1000)));
        room.Advance(31_000_000);
        var told = room.Received<RoomStats>(1).Last(s => s.Quality is not null).Quality!;
        Assert.That(told, Has.Count.EqualTo(16));
        Assert.That(told.Min(q => q.Stats.RttUs), Is.EqualTo(26_000));
    }

    [Test]
    public void A_blob_reaches_the_one_it_is_for_or_all_others()
    {
        var room = RoomHarness.WithHostAndViewers(2);
        var from = room.MemberOf(2).PeerId;
        room.Say(2, new Blob("""{"a":1}""", room.MemberOf(3).PeerId));
        Assert.That(room.Received<BlobRelay>(3).Single(), Is.EqualTo(new BlobRelay(from, """{"a":1}""", true)));
        Assert.That(room.Inbox(1), Is.Empty);
        room.Say(2, new Blob("[2]"));
        Assert.That(room.Received<BlobRelay>(1).Single(), Is.EqualTo(new BlobRelay(from, "[2]", false)));
        Assert.That(room.Inbox(2), Is.Empty);
        Assert.That(room.Say(2, new Blob("3", "nobody")).OfType<Error>().Single().Code, Is.EqualTo(ErrorCodes.UnknownPeer));
    }

    [Test]
    public void Blobs_beyond_the_rate_are_refused_and_cost_nobody_else_anything()
    {
        var room = RoomHarness.WithHostAndViewers(2);
        for (var i = 0; i < 100; i++)
            room.Say(2, new Blob("1"));
        Assert.That(room.Received<BlobRelay>(1).Count(), Is.EqualTo(20));
        Assert.That(room.Received<Error>(2).Select(e => e.Code), Has.Exactly(80).EqualTo(ErrorCodes.BlobRate));
        room.Say(3, new Blob("2"));
        Assert.That(room.Received<BlobRelay>(1).Count(), Is.EqualTo(21));
        room.Advance(1_000_000);
        for (var i = 0; i < 100; i++)
            room.Say(2, new Blob("1"));
        Assert.That(room.Received<BlobRelay>(3).Count(), Is.EqualTo(30));
    }
}
