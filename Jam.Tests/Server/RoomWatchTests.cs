using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>Who watches the swarm is shown it; nobody tells of it while nobody watches; pages are members like any other.</summary>
[TestFixture]
internal sealed class RoomWatchTests
{
    private static readonly SwarmReport _report = new(RoomHarness.TrackId, 45, 1, true, ["p1"], [0, 10, 1], []);

    [Test]
    public void Those_who_trade_are_asked_to_tell_as_soon_as_somebody_watches()
    {
        var room = WithPage(out var page);
        room.Say(page, new WatchRequest());
        Assert.That(room.Received<Watched>(1), Is.EqualTo(new[] { new Watched(true, 500, 1) }));
        Assert.That(room.Received<Watched>(2), Has.Exactly(1).Items);
        Assert.That(room.Received<Watched>(page), Is.Empty);
    }

    [Test]
    public void What_is_told_goes_to_those_who_watch_and_to_nobody_else()
    {
        var room = WithPage(out var page);
        room.Say(page, new WatchRequest());
        room.Say(1, new SwarmTold(_report));
        Assert.That(room.Received<SwarmRelay>(page), Is.EqualTo(new[] { new SwarmRelay(room.MemberOf(1).PeerId, _report) }));
        Assert.That(room.Received<SwarmRelay>(1).Concat(room.Received<SwarmRelay>(2)), Is.Empty);
    }

    [Test]
    public void Nothing_is_passed_on_while_nobody_watches()
    {
        var room = WithPage(out var page);
        room.Say(1, new SwarmTold(_report));
        Assert.That(room.Received<SwarmRelay>(page), Is.Empty);
    }

    [TestCase(true)]
    [TestCase(false)]
    public void When_the_last_watcher_goes_those_who_trade_need_not_tell_any_more(bool byMessage)
    {
        var room = WithPage(out var page);
        room.Say(page, new WatchRequest());
        if (byMessage)
            room.Say(page, new WatchRequest(false));
        else
            room.Lose(page);
        Assert.That(room.Received<Watched>(1).Select(w => w.IsOn), Is.EqualTo(new[] { true, false }));
    }

    [Test]
    public void Watchers_who_come_one_after_the_other_start_one_round_in_two_seconds()
    {
        var room = WithPage(out var page);
        room.Say(page, new WatchRequest());
        for (var i = 0; i < 5; i++)
        {
            room.Say(20 + i, new Hello(Name: "late"));
            room.Say(20 + i, new WatchRequest());
        }

        Assert.That(room.Received<Watched>(1).Select(w => w.Round), Is.EqualTo(new[] { 1 }));
        room.Advance(2_000_000);
        Assert.That(room.Received<Watched>(1).Select(w => w.Round), Is.EqualTo(new[] { 1, 2 }));
        room.Advance(60_000_000);
        Assert.That(room.Received<Watched>(1).Count(), Is.EqualTo(2));
    }

    [Test]
    public void Who_comes_while_somebody_watches_is_told_so_but_not_a_page()
    {
        var room = WithPage(out var page);
        room.Say(page, new WatchRequest());
        room.Say(8, new Hello(Name: "peer", ListenPort: 9003));
        room.Say(9, new Hello(Name: "another page"));
        Assert.That(room.Received<Watched>(8).Select(w => w.Round), Is.EqualTo(new[] { 1 }));
        Assert.That(room.Received<Watched>(9), Is.Empty);
    }

    [Test]
    public void The_more_are_in_the_room_the_more_seldom_each_one_tells()
    {
        var room = WithPage(out var page);
        for (var i = 0; i < 100; i++)
            room.Say(100 + i, new Hello(Name: $"p{i}", ListenPort: 9003));
        room.Say(page, new WatchRequest());
        Assert.That(room.Received<Watched>(1).Last().EveryMs, Is.EqualTo(103 * 20));
    }

    [Test]
    public void Who_tells_more_often_than_asked_is_not_passed_on()
    {
        var room = WithPage(out var page);
        room.Say(page, new WatchRequest());
        for (var i = 0; i < 50; i++)
            room.Say(1, new SwarmTold(_report));
        Assert.That(room.Received<SwarmRelay>(page).Count(), Is.EqualTo(4));
        for (var i = 0; i < 20; i++)
        {
            room.Advance(500_000);
            room.Say(1, new SwarmTold(_report));
        }

        Assert.That(room.Received<SwarmRelay>(page).Count(), Is.EqualTo(24));
    }

    [Test]
    public void A_page_says_nothing_of_the_swarm()
    {
        var room = WithPage(out var page);
        room.Say(20, new Hello(Name: "watcher"));
        room.Say(20, new WatchRequest());
        room.Say(page, new SwarmTold(_report));
        Assert.That(room.Received<SwarmRelay>(20), Is.Empty);
    }

    [Test]
    public void A_page_without_the_track_does_not_hold_a_start_up()
    {
        var room = WithPage(out _);
        room.Say(2, new Ready(RoomHarness.TrackId, true));
        room.Say(1, new Play());
        Assert.That(room.Timeline.Status, Is.EqualTo(PlaybackStatus.Play));
    }

    [Test]
    public void A_page_that_came_first_is_not_made_host_before_those_who_trade()
    {
        var room = new RoomHarness();
        room.Say(9, new Hello(Name: "page"));
        room.Say(1, new Hello(Role.Host, "host", ListenPort: 9003));
        room.Say(2, new Hello(Name: "viewer", ListenPort: 9003));
        room.Say(1, new Bye());
        Assert.That(room.MemberOf(2).Role, Is.EqualTo(Role.Host));
    }

    [Test]
    public void A_page_is_made_host_where_nobody_else_is_left()
    {
        var room = new RoomHarness();
        room.Say(9, new Hello(Name: "page"));
        room.Say(1, new Hello(Role.Host, "host", ListenPort: 9003));
        room.Say(1, new Bye());
        Assert.That(room.MemberOf(9).Role, Is.EqualTo(Role.Host));
    }

    [Test]
    public void A_page_that_hosts_commands_as_any_other_host()
    {
        var room = WithPage(out var page);
        room.Say(1, new SetRole(Role.Host, room.MemberOf(page).PeerId));
        room.Say(page, new Seek(7_000_000));
        Assert.That(room.Timeline.PositionUs, Is.EqualTo(7_000_000));
    }

    [TestCase(false, null, false)]
    [TestCase(null, false, true)]
    [TestCase(null, null, true)]
    public void Whether_a_room_is_listed_is_said_by_whoever_opens_it(bool? first, bool? second, bool isListed)
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(IsListed: first));
        room.Say(2, new Hello(IsListed: second));
        Assert.That(room.Room.Policy.IsListed, Is.EqualTo(isListed));
    }

    [Test]
    public void The_host_may_list_a_room_or_not_at_any_time()
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Role.Host));
        room.Say(1, new SetPolicy(IsListed: false));
        Assert.That(room.Received<PolicyState>(1).Last().Policy, Is.EqualTo(new RoomPolicy(IsListed: false)));
    }

    [TestCase(0, 46, 0)]
    [TestCase(40, 6, 0)]
    [TestCase(0, 10, 2)]
    [TestCase(-1, 10, 0)]
    [TestCase(0, 0, 0)]
    public void Runs_that_cannot_be_are_refused(int skip, int length, int source)
    {
        var json = ControlCodec.Serialize(new SwarmTold(_report with { Runs = [skip, length, source] }));
        Assert.That(ControlCodec.ParseClient(json).Error?.Code, Is.EqualTo(ErrorCodes.BadField));
    }

    [Test]
    public void The_largest_report_fits_into_a_message()
    {
        var id = new string('f', 16);
        var largest = new SwarmReport(
            RoomHarness.TrackId, SwarmReport.MaxChunks, 1, true, [.. Enumerable.Repeat(id, SwarmReport.MaxSources)],
            [.. Enumerable.Range(0, SwarmReport.MaxRuns).SelectMany(_ => new[] { 250, 250, 100 })],
            [.. Enumerable.Range(0, SwarmReport.MaxLinks).Select(_ => new SwarmLink(id, 123_456_789, 123_456_789, 60_000_000))],
            new MemberStats(60_000_000, 60_000_000, 60_000_000, -12345.678, 12345.678), 1, 1, 1, 1);
        var json = ControlCodec.Serialize(new SwarmRelay(id, largest));
        Assert.That(json, Has.Length.LessThan(Limits.MaxMessageBytes));
        Assert.That(ControlCodec.ParseServer(json).Error, Is.Null);
    }

    /// <summary>A host and a viewer who trade on 1 and 2, and a page.</summary>
    private static RoomHarness WithPage(out long page)
    {
        page = 10;
        var room = new RoomHarness();
        room.Say(1, new Hello(Role.Host, "host", ListenPort: 9003));
        room.Say(2, new Hello(Role.Viewer, "viewer", ListenPort: 9003));
        room.Say(page, new Hello(Name: "page"));
        room.Say(1, new SetTrack(RoomHarness.TrackId, "song.mp3", 5_000_000, 16_384, TrackKind.Audio, 240_000_000));
        room.Advance(1_000_000);
        room.ClearInboxes();
        return room;
    }
}
