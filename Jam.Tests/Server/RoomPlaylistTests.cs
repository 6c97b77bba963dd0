using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>The list, the way along it, and what follows a track.</summary>
[TestFixture]
internal sealed class RoomPlaylistTests
{
    private static TrackInfo Track(int n, long? durationUs = 10_000_000, TrackKind kind = TrackKind.Audio) =>
        new(n.ToString("x64"), $"{n}.mp3", 1000, 1024, kind, durationUs);

    /// <summary>A host on 1, a viewer on 2, tracks 1 to 3 of ten seconds; the first is the room's.</summary>
    private static RoomHarness WithList(int tracks = 3)
    {
        var room = RoomHarness.WithHostAndViewers();
        for (var n = 1; n <= tracks; n++)
            room.Say(1, new Queue("add", Track(n)));
        room.Say(1, new SetTrack(Track(1).TrackId));
        room.Advance(1_000_000);
        room.ClearInboxes();
        return room;
    }

    private static string NamesOf(IEnumerable<TrackInfo> tracks) => string.Join(' ', tracks.Select(t => t.Name[..1]));

    [Test]
    public void The_next_track_begins_at_the_very_instant_at_which_the_last_one_is_over()
    {
        var room = WithList();
        room.Say(1, new Play(0));
        var first = room.Timeline;
        room.Advance(9_000_000);
        Assert.That(room.Timeline.TrackId, Is.EqualTo(Track(2).TrackId));
        Assert.That(room.Timeline.AtUs, Is.EqualTo(first.AtUs + 10_000_000));
        Assert.That(room.Timeline.PositionUs, Is.Zero);
        Assert.That(room.Room.Pair.At(room.NowUs)!.TrackId, Is.EqualTo(Track(1).TrackId), "until then the first one plays on");
        var state = room.Received<State>(2).Last();
        Assert.That(state, Has.Property("Note").EqualTo("next").And.Property("By").Null.And.Property("Track").EqualTo(Track(2)));
        room.Advance(10_000_000);
        Assert.That(room.Timeline.AtUs, Is.EqualTo(first.AtUs + 20_000_000), "however often it happens nothing adds up");
        room.Advance(20_000_000);
        Assert.That((room.Timeline.Status, room.Timeline.AtUs), Is.EqualTo((PlaybackStatus.Stop, first.AtUs + 30_000_000)));
    }

    [TestCase(Repeat.Off, "2 3 -")]
    [TestCase(Repeat.All, "2 3 1")]
    [TestCase(Repeat.One, "1 1 1")]
    public void What_follows_is_as_the_list_says(Repeat repeat, string expected)
    {
        var room = WithList();
        room.Say(1, new Queue("repeat", Repeat: repeat));
        room.Say(1, new Play(0));
        var heard = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            room.Advance(10_000_000);
            heard.Add(room.Timeline.Status == PlaybackStatus.Play ? room.Room.Track!.Name[..1] : "-");
        }

        Assert.That(string.Join(' ', heard), Is.EqualTo(expected));
    }

    [Test]
    public void Before_an_announced_end_a_command_still_acts_on_the_track_that_plays()
    {
        var room = WithList();
        room.Say(1, new Play(0));
        room.Advance(9_000_000);
        Assert.That(room.Room.Track, Is.EqualTo(Track(2)), "announced");
        room.Say(1, new Pause());
        Assert.That((room.Timeline.TrackId, room.Timeline.Status, room.Timeline.PositionUs), Is.EqualTo((Track(1).TrackId, PlaybackStatus.Pause, 9_000_000)));
        Assert.That(room.Room.Track, Is.EqualTo(Track(1)));
        room.Say(1, new Seek(2_000_000));
        room.Say(1, new Play());
        var at = room.Timeline.AtUs;
        room.Advance(7_900_000);
        Assert.That((room.Timeline.TrackId, room.Timeline.AtUs), Is.EqualTo((Track(2).TrackId, at + 8_000_000)));
    }

    [Test]
    public void Before_an_announced_end_the_track_that_plays_can_be_described_anew_and_plays_on()
    {
        var room = WithList();
        room.Say(1, new Play(0));
        room.Advance(9_000_000);
        var (at, announced) = (room.Room.Pair.Previous!.AtUs, room.Timeline);
        room.Say(1, Describe(Track(1)));
        Assert.That(room.Timeline, Is.EqualTo(announced), "nothing new was said of it");
        room.Say(1, Describe(Track(1) with { DurationUs = 10_500_000 }));
        Assert.That((room.Timeline.TrackId, room.Timeline.AtUs), Is.EqualTo((Track(2).TrackId, at + 10_500_000)), "its end has moved");
        room.Say(1, Describe(Track(1) with { DurationUs = 20_000_000 }));
        Assert.That((room.Timeline.TrackId, room.Timeline.Status, room.Timeline.AtUs), Is.EqualTo((Track(1).TrackId, PlaybackStatus.Play, at)));
        room.Advance(9_000_000);
        Assert.That((room.Timeline.TrackId, room.Timeline.AtUs), Is.EqualTo((Track(2).TrackId, at + 20_000_000)));
    }

    [Test]
    public void A_track_that_turns_out_to_be_over_gives_way_one_lead_from_now()
    {
        var room = WithList();
        room.Say(1, new Play(0));
        room.Advance(6_000_000);
        room.Say(1, Describe(Track(1) with { DurationUs = 5_500_000 }));
        Assert.That((room.Timeline.TrackId, room.Timeline.AtUs), Is.EqualTo((Track(2).TrackId, room.NowUs + 50_000)));
    }

    [Test]
    public void A_track_that_was_announced_to_follow_can_be_made_the_rooms_at_once()
    {
        var room = WithList();
        room.Say(1, new Play(0));
        room.Advance(9_000_000);
        room.Say(1, Describe(Track(2)));
        Assert.That((room.Timeline.TrackId, room.Timeline.Status, room.Timeline.AtUs), Is.EqualTo((Track(2).TrackId, PlaybackStatus.Pause, room.NowUs + 50_000)));
    }

    [Test]
    public void A_seek_that_waits_takes_an_announced_end_back()
    {
        var room = WithList();
        room.Say(1, new Play(0));
        room.Advance(9_000_000);
        room.Say(2, new Ready(Track(1).TrackId, false));
        room.ClearInboxes();
        room.Say(1, new Seek(2_000_000));
        Assert.That(room.Received<State>(2).Single().TrackId, Is.EqualTo(Track(1).TrackId), "members must not go on to the next");
        room.Advance(3_000_000);
        Assert.That((room.Timeline.TrackId, room.Timeline.Status, room.Timeline.PositionUs), Is.EqualTo((Track(1).TrackId, PlaybackStatus.Play, 2_000_000)));
    }

    [Test]
    public void A_beat_on_the_track_stays_on_it_when_its_announced_end_is_taken_back()
    {
        var room = WithList();
        room.Say(1, new SetTempo(90, 4, null, 700_000));
        room.Say(1, new Play(0));
        room.Advance(9_000_000);
        Assert.That(room.Room.Tempo.Current.TrackOriginUs, Is.Null, "announced");
        room.Say(1, new Seek(2_000_000));
        var (tempo, timeline) = (room.Room.Tempo.Current, room.Timeline);
        Assert.That(tempo.TrackOriginUs, Is.EqualTo(700_000));
        var downbeatUs = timeline.AtUs + 700_000 - timeline.PositionUs;
        var beat = tempo.Grid.FirstBeatFrom(downbeatUs - 2);
        Assert.That(tempo.Grid.TimeOfUs(beat), Is.EqualTo(downbeatUs).Within(1));
        Assert.That(room.Received<TempoState>(2).Last().Tempo, Is.EqualTo(tempo), "everyone knows");
    }

    [Test]
    public void A_tempo_that_was_set_after_an_end_was_announced_stays_when_that_is_taken_back()
    {
        var room = WithList();
        room.Say(1, new SetTempo(90, 4, null, 700_000));
        room.Say(1, new Play(0));
        room.Advance(8_000_000);
        room.Say(1, new SetTempo(140, 3, room.NowUs));
        room.Say(1, new Seek(2_000_000));
        Assert.That((room.Room.Tempo.Current.Bpm, room.Room.Tempo.Current.TrackOriginUs), Is.EqualTo((140.0, (long?)null)));
    }

    [Test]
    public void Next_before_an_announced_end_goes_on_by_one_track()
    {
        var room = WithList();
        room.Say(1, new Play(0));
        room.Advance(9_000_000);
        room.Say(1, new Queue("next"));
        Assert.That((room.Room.Track, room.Timeline.AtUs), Is.EqualTo((Track(2), room.NowUs + 50_000)));
        Assert.That(room.Timeline.Status, Is.EqualTo(PlaybackStatus.Play));
    }

    [Test]
    public void A_change_of_the_list_before_the_end_changes_what_was_announced()
    {
        var room = WithList();
        room.Say(1, new Play(0));
        room.Advance(9_000_000);
        var revision = room.Timeline.Revision;
        room.Say(1, new Queue("remove", Track(2)));
        Assert.That((room.Room.Track, room.Timeline.Revision), Is.EqualTo((Track(3), revision + 1)));
        room.Say(1, new Queue("add", Track(4)));
        Assert.That(room.Timeline.Revision, Is.EqualTo(revision + 1), "what follows is the same");
    }

    [Test]
    public void Next_and_previous_go_along_the_list_and_keep_playing_or_not()
    {
        var room = WithList();
        room.Say(1, new Queue("next"));
        Assert.That((room.Room.Track, room.Timeline.Status), Is.EqualTo((Track(2), PlaybackStatus.Pause)));
        room.Say(1, new Play());
        room.Advance(3_000_000);
        room.Say(1, new Queue("previous"));
        Assert.That((room.Room.Track, room.Timeline.Status, room.Timeline.PositionUs), Is.EqualTo((Track(1), PlaybackStatus.Play, 0)));
        room.Advance(3_000_000);
        room.Say(1, new Queue("previous"));
        Assert.That((room.Room.Track, room.Timeline.PositionUs), Is.EqualTo((Track(1), 0)), "from the first to its start");
    }

    [Test]
    public void After_the_last_there_is_no_next_unless_the_list_repeats()
    {
        var room = WithList(1);
        Assert.That(room.Say(1, new Queue("next")).OfType<Error>().Single().Code, Is.EqualTo(ErrorCodes.NoNext));
        room.Say(1, new Queue("repeat", Repeat: Repeat.All));
        Assert.That(room.Say(1, new Queue("next")).OfType<Error>(), Is.Empty);
    }

    [TestCase(1, 0, "2 1 3")]
    [TestCase(0, 2, "2 3 1")]
    [TestCase(2, 200, "1 2 3")]
    public void A_track_can_be_moved(int from, int to, string expected)
    {
        var room = WithList();
        room.Say(1, new Queue("move", Track(from + 1), to));
        Assert.That(NamesOf(room.Received<QueueState>(2).Single().Tracks), Is.EqualTo(expected));
        Assert.That(room.Room.QueueRevision, Is.EqualTo(4));
    }

    [Test]
    public void A_track_can_be_put_anywhere()
    {
        var room = WithList();
        room.Say(1, new Queue("add", Track(4), 1));
        Assert.That(NamesOf(room.Room.Queue), Is.EqualTo("1 4 2 3"));
    }

    [Test]
    public void Shuffled_every_track_is_played_once_beginning_with_the_one_that_plays()
    {
        var room = WithList(9);
        room.Say(1, new Queue("shuffle", IsOn: true));
        Assert.That(room.Received<QueueState>(2).Single(), Has.Property("IsShuffled").True);
        Assert.That(NamesOf(room.Received<QueueState>(2).Single().Tracks), Is.EqualTo("1 2 3 4 5 6 7 8 9"), "the list itself stays");
        room.Say(1, new Play(0));
        var heard = new List<string> { room.Room.Track!.Name };
        for (var i = 0; i < 8; i++)
        {
            Assert.That(room.Received<QueueState>(2).Last().NextTrackId, Is.Not.EqualTo(room.Room.Track!.TrackId), "told, to be fetched ahead");
            room.Advance(10_000_000);
            heard.Add(room.Room.Track!.Name);
        }

        Assert.That(heard, Is.Unique.And.Not.Ordered);
        Assert.That(heard[0], Is.EqualTo("1.mp3"));
        room.Say(1, new Queue("shuffle", IsOn: false));
        Assert.That(room.Room.ShuffleOrder, Is.Null);
    }

    [Test]
    public void Who_offers_a_track_may_where_the_policy_says_so_and_nothing_else()
    {
        var room = WithList();
        Assert.That(room.Say(2, new Queue("add", Track(7))).OfType<Error>().Single().Code, Is.EqualTo(ErrorCodes.NotHost));
        room.Say(1, new SetPolicy(Queue: Control.Everyone));
        Assert.That(room.Say(2, new Queue("add", Track(7))).OfType<QueueState>().Single().Tracks[^1], Is.EqualTo(Track(7)));
        foreach (var action in new[] { new Queue("remove", Track(7)), new Queue("next"), new Queue("shuffle", IsOn: true) })
            Assert.That(room.Say(2, action).OfType<Error>().Single().Code, Is.EqualTo(ErrorCodes.NotHost));
    }

    [Test]
    public void A_track_of_unknown_length_or_without_sound_is_followed_by_nothing_of_itself()
    {
        foreach (var track in new[] { Track(7, null), Track(8, kind: TrackKind.Data) })
        {
            var room = WithList();
            room.Say(1, new Queue("add", track));
            room.Say(1, new SetTrack(track.TrackId));
            room.Say(1, new Play(0));
            room.Advance(100_000_000);
            Assert.That(room.Room.Track, Is.EqualTo(track));
        }
    }

    [Test]
    public void An_end_that_is_noticed_too_late_begins_the_next_track_anew_and_a_little_late_keeps_the_instant()
    {
        foreach (var (lateUs, isKept) in new[] { (500_000, true), (5_000_000, false) })
        {
            var room = WithList();
            room.Say(1, new Play(0));
            var endUs = room.Timeline.AtUs + 10_000_000;
            room.Sleep(endUs + lateUs - room.NowUs);
            room.Due();
            Assert.That(room.Timeline.AtUs, Is.EqualTo(isKept ? endUs : room.NowUs + 50_000));
        }
    }

    [Test]
    public void Tracks_of_no_length_worth_mentioning_do_not_make_the_room_race()
    {
        var room = RoomHarness.WithHostAndViewers();
        room.Say(1, new Queue("add", Track(1, 1)));
        room.Say(1, new Queue("repeat", Repeat: Repeat.One));
        room.Say(1, new SetTrack(Track(1).TrackId));
        room.Say(1, new Play(0));
        room.ClearInboxes();
        room.Advance(10_000_000);
        Assert.That(room.Received<State>(2).Count(), Is.LessThanOrEqualTo(100));
    }

    private static SetTrack Describe(TrackInfo track) =>
        new(track.TrackId, track.Name, track.LengthBytes, track.ChunkSizeBytes, track.Kind, track.DurationUs);
}
