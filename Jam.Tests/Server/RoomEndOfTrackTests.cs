using Jam.Server.Contracts;
using NUnit.Framework;
using static Jam.Tests.Server.ListedRoom;

namespace Jam.Tests.Server;

/// <summary>The end of a track, what follows it, and what takes that back once it was announced.</summary>
[TestFixture]
internal sealed class RoomEndOfTrackTests
{
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

    private static SetTrack Describe(TrackInfo track) =>
        new(track.TrackId, track.Name, track.LengthBytes, track.ChunkSizeBytes, track.Kind, track.DurationUs);
}
