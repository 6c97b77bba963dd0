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
}
