using Jam.Server.Contracts;
using NUnit.Framework;
using static Jam.Tests.Server.ListedRoom;

namespace Jam.Tests.Server;

/// <summary>The list, and the way along it.</summary>
[TestFixture]
internal sealed class RoomPlaylistTests
{
    private static string NamesOf(IEnumerable<TrackInfo> tracks) => string.Join(' ', tracks.Select(t => t.Name[..1]));

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
}
