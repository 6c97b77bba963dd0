using Jam.Peer.Session;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Session;

public sealed class ReadinessTests
{
    private static readonly RoomState s_room = new() { PeerId = "me", Track = Track("a") };

    [Test]
    public void A_new_track_is_said_not_to_be_ready_once_and_ready_once()
    {
        var isReady = false;
        var readiness = new Readiness(_ => isReady);
        Assert.That(readiness.IsAwaited, Is.False);
        Assert.That(readiness.Next(s_room), Is.EqualTo(new Ready("a", false)));
        Assert.That(readiness.IsAwaited);
        Assert.That(readiness.Next(s_room), Is.Null);
        isReady = true;
        Assert.That(readiness.Next(s_room), Is.EqualTo(new Ready("a", true)));
        Assert.That(readiness.IsAwaited, Is.False);
        Assert.That(readiness.Next(s_room), Is.Null);
    }

    [Test]
    public void What_is_ready_of_one_track_says_nothing_of_another()
    {
        var readiness = new Readiness(track => track == "a");
        Assert.That(readiness.Next(s_room), Is.EqualTo(new Ready("a", true)));
        Assert.That(readiness.Next(s_room with { Track = Track("b") }), Is.EqualTo(new Ready("b", false)));
    }

    [Test]
    public void Before_the_room_knows_this_peer_nothing_is_said() =>
        Assert.That(new Readiness(_ => false).Next(s_room with { PeerId = null }), Is.Null);

    [Test]
    public void What_the_list_begins_with_is_to_come_until_it_is_the_rooms_track()
    {
        var readiness = new Readiness(track => track == "here");
        var listed = s_room with { Track = null, Queue = [Track("a"), Track("here")] };
        Assert.That(readiness.IsToCome(listed));
        Assert.That(readiness.IsToCome(listed with { Track = Track("a") }), Is.False, "then the room is told whether it is ready");
        Assert.That(readiness.IsToCome(listed with { Queue = [Track("here"), Track("a")] }), Is.False);
        Assert.That(readiness.IsToCome(listed with { Queue = [] }), Is.False);
    }

    private static TrackInfo Track(string id) => new(id, id, 1, 1);
}
