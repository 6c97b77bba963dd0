using Jam.Peer.Clock;
using Jam.Peer.Session;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Session;

/// <summary>The room as its authority describes it, message by message.</summary>
internal sealed class RoomStateTests
{
    private static readonly Guid Clock = Guid.Parse("11111111-1111-1111-1111-111111111111");
    private static readonly string Secret = Convert.ToBase64String(new byte[32]);

    private static State StateOf(long epoch, long revision, PlaybackStatus status = PlaybackStatus.Pause) =>
        new(null, status, 0, 0, epoch, revision, Clock, 1_000, 0);

    private static Member MemberOf(string id, Role role = Role.Viewer) => new(id, id, role, 1, []);

    private static RoomState After(params ServerMessage[] messages) => messages.Aggregate(new RoomState(), (room, m) => room.Apply(m));

    [Test]
    public void A_newer_timeline_is_taken_and_an_older_one_refused_whoever_sends_it()
    {
        var room = After(StateOf(2, 5));
        Assert.Multiple(() =>
        {
            Assert.That(room.Apply(StateOf(2, 6)).Timeline!.Current.Revision, Is.EqualTo(6));
            Assert.That(room.Apply(StateOf(3, 0)).Timeline!.Current.Epoch, Is.EqualTo(3));
            Assert.That(room.Apply(StateOf(2, 5, PlaybackStatus.Play)), Is.SameAs(room));
            Assert.That(room.Apply(StateOf(2, 4)), Is.SameAs(room));
            Assert.That(room.Apply(StateOf(1, 9)), Is.SameAs(room));
        });
    }

    [Test]
    public void Who_comes_back_learns_from_the_snapshot_what_it_missed_of_itself()
    {
        var room = After(new Welcome("me", Role.Viewer, 1, "token", Secret, new RoomPolicy(), null), new Snapshot(0, 2, [MemberOf("a")], []));
        Assert.That(room.IsMuted, Is.False);
        room = room.Apply(new Snapshot(1, 2, [MemberOf("me") with { IsMuted = true }], []));
        Assert.That(room.IsMuted, Is.True);
        room = room.Apply(new Snapshot(0, 1, [MemberOf("me", Role.Host), MemberOf("a")], []));
        Assert.That((room.IsMuted, room.Role, room.Others.Count), Is.EqualTo((false, Role.Host, 1)));
    }

    [Test]
    public void Who_was_replaced_is_nobody_until_the_next_welcome()
    {
        var room = After(new Welcome("me", Role.Host, 1, "token", Secret, new RoomPolicy(), null), new Error(ErrorCodes.Replaced, "you came back", true));
        Assert.That((room.PeerId, room.ResumeToken), Is.EqualTo(((string?)null, (string?)null)));
    }

    [Test]
    public void Welcome_says_who_this_peer_is_and_a_secret_that_is_none_is_not_taken()
    {
        var room = After(new Welcome("me", Role.Host, 1, "token", Secret, new RoomPolicy(), null));
        Assert.That((room.PeerId, room.Role, room.ResumeToken, room.Secret!.Length), Is.EqualTo(("me", Role.Host, "token", 32)));
        foreach (var bad in new[] { "", "***", "AAAA", Convert.ToBase64String(new byte[65]) })
            Assert.That(After(new Welcome("me", Role.Viewer, 1, "token", bad, new RoomPolicy(), null)).Secret, Is.Null, bad);
    }

    [Test]
    public void Members_come_change_and_go_and_this_peer_is_not_one_of_the_others()
    {
        var room = After(
            new Welcome("me", Role.Viewer, 1, "token", Secret, new RoomPolicy(), null),
            new Snapshot(0, 2, [MemberOf("me"), MemberOf("ana", Role.Host)], []),
            new Snapshot(1, 2, [MemberOf("bo")], []),
            new PeerJoined(MemberOf("cy")),
            new PeerJoined(MemberOf("bo", Role.Host)),
            new PeerLeft("ana", "ana", "bye"));
        Assert.That(room.Others.Values.Select(m => (m.PeerId, m.Role)), Is.EquivalentTo(new[] { ("bo", Role.Host), ("cy", Role.Viewer) }));
        Assert.That(room.Role, Is.EqualTo(Role.Viewer));
        Assert.That(room.Apply(new PeerJoined(MemberOf("me", Role.Host))).Role, Is.EqualTo(Role.Host));
        Assert.That(room.Apply(new Snapshot(0, 1, [MemberOf("dan")], [])).Others.Keys, Is.EqualTo(new[] { "dan" }), "a first page begins anew");
    }

    [Test]
    public void A_snapshot_that_is_older_than_what_is_known_does_not_bring_a_lane_back()
    {
        var shape = new LoopShape(1, 5);
        var lane = new LoopLane("bo", [null], 0);
        var room = After(
            SnapshotOf(shape with { Revision = 6 }), new Snapshot(1, 2, [], [], null, [lane]),
            SnapshotOf(shape with { Revision = 7 }),
            SnapshotOf(shape with { Revision = 6 }), new Snapshot(1, 2, [], [], null, [lane]));
        Assert.That(room.Loop.Parts, Is.Empty);
        Assert.That(room.Apply(SnapshotOf(shape with { Revision = 8 })).Apply(new Snapshot(1, 2, [], [], null, [lane])).Loop.Parts, Has.Count.EqualTo(1));
    }

    [Test]
    public void Until_an_announced_track_begins_the_room_is_on_the_one_before()
    {
        var (first, second) = (new TrackInfo("a", "a.mp3", 1, 1), new TrackInfo("b", "b.mp3", 1, 1));
        var clock = new RoomClockSnapshot(Clock, 0, 1_000_000, 0, 10, 100, true);
        var room = After(Playing(first, 1, 2_000_000), Playing(second, 2, 12_000_000, StateNotes.Next));
        Assert.Multiple(() =>
        {
            Assert.That(room.Now(clock, 10_999_999).Track, Is.EqualTo(first));
            Assert.That(room.Now(clock, 10_999_999).Timeline!.Revision, Is.EqualTo(1));
            Assert.That(room.Now(clock, 11_000_000).Track, Is.EqualTo(second));
            Assert.That(room.Now(RoomClockSnapshot.None, 0).Track, Is.EqualTo(second), "on an unknown clock the newest is all that is known");
            Assert.That(room.Apply(Playing(second, 3, 12_000_000)).Now(clock, 10_999_999).Track, Is.EqualTo(second), "commanded");
            Assert.That(room.Apply(Playing(first, 3, 9_000_000)).Now(clock, 9_000_000).Track, Is.EqualTo(first), "taken back");
        });
    }

    private static State Playing(TrackInfo track, long revision, long atUs, string? note = null) =>
        new(track.TrackId, PlaybackStatus.Play, 0, 0, 1, revision, Clock, atUs, 0, track, null, note);

    private static Snapshot SnapshotOf(LoopShape loop) => new(0, 2, [], [], new RoomSummary(
        StateOf(1, 1), new RoomPolicy(), 0, Repeat.Off, false, null, 0, new Tempo(1, 0, Clock, 0, OriginUs: 0), loop));
}
