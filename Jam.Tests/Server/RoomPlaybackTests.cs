using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Server;

[TestFixture]
internal sealed class RoomPlaybackTests
{
    private static readonly ClientMessage[] _commands =
    [
        new Play(), new Pause(), new Stop(), new Seek(5), new SetTrack(RoomHarness.OtherTrackId), new SetTrack(),
        new Queue("add", RoomHarness.Track), new Queue("remove", RoomHarness.Track),
    ];

    private static IEnumerable<TestCaseData> Commands() => _commands.Select((m, i) => new TestCaseData(m).SetArgDisplayNames($"{i} {m.GetType().Name}"));

    [TestCaseSource(nameof(Commands))]
    public void A_viewer_may_not_control(ClientMessage command)
    {
        var room = RoomHarness.WithHostAndViewers();
        var before = room.Room;
        Assert.That(room.Say(2, command).Single(), Is.InstanceOf<Error>().With.Property("Code").EqualTo(ErrorCodes.NotHost));
        Assert.That(room.Room, Is.EqualTo(before));
        Assert.That(room.Inbox(1), Is.Empty);
    }

    [Test]
    public void Play_takes_effect_one_lead_ahead_for_everyone_alike()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Play(5_000_000));
        var state = room.Received<State>(1).Single();
        Assert.That(room.Received<State>(2).Single(), Is.EqualTo(state));
        Assert.That(state.Status, Is.EqualTo(PlaybackStatus.Play));
        Assert.That(state.AtUs, Is.EqualTo(room.NowUs + Limits.MinLeadUs));
        Assert.That(state.PositionUs, Is.EqualTo(5_000_000));
        Assert.That(state.OffsetSec, Is.EqualTo(5.0));
        Assert.That(state.Timestamp, Is.EqualTo(1_700_000_000 + state.AtUs / 1e6).Within(1e-6));
        Assert.That(state.Track, Is.EqualTo(RoomHarness.Track));
        Assert.That(state.By, Is.EqualTo(room.MemberOf(1).PeerId));
    }

    [Test]
    public void Play_by_hand_takes_seconds()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Play(null, 1.25));
        Assert.That(room.Timeline.PositionUs, Is.EqualTo(1_250_000));
    }

    [TestCase(0, 0, 50_000)]
    [TestCase(100_000, 30_000, 200_000)]
    [TestCase(2_000, 20_000, 50_000)]
    [TestCase(2_000, 40_000, 63_000)]
    [TestCase(10_000_000, 0, 3_000_000)]
    public void The_lead_follows_the_worst_that_members_report(long rttUs, long outputLeadUs, long leadUs)
    {
        var room = RoomHarness.WithHostAndViewers(2);
        room.Say(2, new Stats(new MemberStats(rttUs, 1)));
        room.Say(3, new Stats(new MemberStats(1, outputLeadUs)));
        room.Say(1, new Play());
        Assert.That(room.Timeline.AtUs - room.NowUs, Is.EqualTo(leadUs).Within(1));
    }

    [Test]
    public void Pause_stands_where_the_music_is_at_the_instant_of_effect()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Play(0));
        room.Advance(10_000_000);
        room.Say(1, new Pause());
        Assert.That(room.Timeline.Status, Is.EqualTo(PlaybackStatus.Pause));
        Assert.That(room.Timeline.PositionUs, Is.EqualTo(10_000_000));
        room.Advance(7_000_000);
        room.Say(1, new Play());
        Assert.That(room.Timeline.PositionUs, Is.EqualTo(10_000_000));
    }

    [Test]
    public void Pause_before_play_took_effect_stands_at_the_start()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(2, new Stats(new MemberStats(1_000_000)));
        room.Say(1, new Play(3_000_000));
        room.Say(2, new Stats(new MemberStats(0)));
        room.Say(1, new Pause());
        Assert.That(room.Timeline.PositionUs, Is.EqualTo(0));
        Assert.That(room.Timeline.AtUs, Is.EqualTo(room.NowUs + 50_000));
    }

    [Test]
    public void Play_after_the_music_ran_out_starts_over()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Play(239_000_000));
        room.Advance(5_000_000);
        room.Say(1, new Play());
        Assert.That(room.Timeline.PositionUs, Is.EqualTo(0));
    }

    [Test]
    public void Play_while_it_plays_changes_nothing_and_is_answered()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Play());
        var playing = room.Timeline;
        room.Advance(5_000_000);
        room.ClearInboxes();
        Assert.That(room.Say(1, new Play()).OfType<State>().Single().ToTimeline(), Is.EqualTo(playing));
        Assert.That(room.Inbox(2), Is.Empty);
    }

    [Test]
    public void Stop_returns_to_the_start()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Play(9_000_000));
        room.Advance(1_000_000);
        room.Say(1, new Stop());
        Assert.That((room.Timeline.Status, room.Timeline.PositionUs), Is.EqualTo((PlaybackStatus.Stop, 0L)));
    }

    [Test]
    public void Seek_while_playing_goes_on_playing_from_there()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Play());
        room.Advance(1_000_000);
        room.Say(1, new Seek(60_000_000));
        Assert.That(room.Timeline, Is.EqualTo(room.Timeline with { Status = PlaybackStatus.Play, PositionUs = 60_000_000, AtUs = room.NowUs + 50_000 }));
    }

    [Test]
    public void Seek_while_paused_stays_paused()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Seek(null, 60));
        Assert.That((room.Timeline.Status, room.Timeline.PositionUs), Is.EqualTo((PlaybackStatus.Pause, 60_000_000L)));
    }

    [Test]
    public void Seek_beyond_the_end_is_clamped()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Seek(999_000_000));
        Assert.That(room.Timeline.PositionUs, Is.EqualTo(240_000_000));
    }

    [Test]
    public void A_room_without_a_track_can_still_be_commanded_by_hand()
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Role.Host));
        room.Say(1, new Play(null, 2));
        Assert.That((room.Timeline.Status, room.Timeline.TrackId, room.Timeline.PositionUs), Is.EqualTo((PlaybackStatus.Play, (string?)null, 2_000_000L)));
    }

    [Test]
    public void Set_track_pauses_at_its_start()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Play(9_000_000));
        room.Advance(1_000_000);
        room.Say(1, new SetTrack(RoomHarness.OtherTrackId, "b.mp3", 5, 1024));
        var state = room.Received<State>(2).Last();
        Assert.That((state.TrackId, state.Status, state.PositionUs), Is.EqualTo((RoomHarness.OtherTrackId, PlaybackStatus.Pause, 0L)));
        Assert.That(state.Track?.Name, Is.EqualTo("b.mp3"));
    }

    [Test]
    public void Set_track_by_id_alone_finds_it_in_the_queue()
    {
        var room = new RoomHarness();
        room.Say(1, new Hello(Role.Host));
        room.Say(1, new Queue("add", RoomHarness.Track));
        room.Say(1, new SetTrack(RoomHarness.TrackId));
        Assert.That(room.Room.Track, Is.EqualTo(RoomHarness.Track));
    }

    [Test]
    public void Set_track_null_leaves_the_room_without_one()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new SetTrack());
        Assert.That(room.Received<State>(2).Single(), Has.Property("TrackId").Null.And.Property("Track").Null);
    }

    [Test]
    public void The_queue_takes_replaces_and_removes()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Queue("add", RoomHarness.Track));
        room.Say(1, new Queue("add", RoomHarness.Track with { Name = "renamed.mp3" }));
        Assert.That(room.Received<QueueState>(2).Last().Tracks.Single().Name, Is.EqualTo("renamed.mp3"));
        room.Say(1, new Queue("remove", RoomHarness.Track));
        Assert.That(room.Received<QueueState>(2).Last().Tracks, Is.Empty);
        Assert.That(room.Say(1, new Queue("remove", RoomHarness.Track)).OfType<Error>().Single().Code, Is.EqualTo(ErrorCodes.UnknownTrack));
    }

    [Test]
    public void A_long_queue_does_without_what_travels_beside_tracks_and_set_track_brings_it()
    {
        var room = RoomHarness.WithHostAndViewers();
        var hash = RoomHarness.TrackId;
        var tracks = Enumerable.Range(1, Limits.MaxQueueLength).Select(i => new TrackInfo(
            i.ToString("x64"), $"track {i:000}.mp3", 5, 1024, TrackKind.Audio, 1, new Sidecars(hash, hash, hash))).ToArray();
        foreach (var track in tracks)
            room.Say(1, new Queue("add", track));
        var list = room.Received<QueueState>(2).Last();
        var last = tracks[^1];
        room.Say(1, new SetTrack(last.TrackId, last.Name, 5, 1024, TrackKind.Audio, 1, last.Sidecars));
        Assert.Multiple(() =>
        {
            Assert.That(list.Tracks, Has.Count.EqualTo(Limits.MaxQueueLength));
            Assert.That(list.Tracks[0].Sidecars, Is.Not.Null);
            Assert.That(list.Tracks[^1].Sidecars, Is.Null);
            Assert.That(ControlCodec.Serialize(list), Has.Length.LessThanOrEqualTo(Limits.MaxPageBytes));
            Assert.That(room.Received<State>(2).Last().Track, Is.EqualTo(last));
        });
    }

    [Test]
    public void A_late_joiner_gets_the_same_record_as_everyone()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Play());
        room.Advance(60_000_000);
        var state = (State)room.Say(9, new Hello())[0];
        Assert.That(state.ToTimeline(), Is.EqualTo(room.Timeline));
        Assert.That(room.Received<State>(1).Count(), Is.EqualTo(1));
    }
}
