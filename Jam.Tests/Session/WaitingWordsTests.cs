using Jam.Peer.Session;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Session;

public sealed class WaitingWordsTests
{
    private static readonly RoomState s_room = new()
    {
        PeerId = "me",
        Others = new Dictionary<string, Member> { ["p1"] = new("p1", "ada", Role.Viewer, 1, []), ["p2"] = new("p2", "bob", Role.Viewer, 2, []) },
    };

    [Test]
    public void Whom_a_start_waits_for_is_said_by_name()
    {
        Assert.That(Describe.Waiting(s_room, ["p1", "p2"]), Is.EqualTo("waiting for ada, bob to have something to play, 3 s at most"));
        Assert.That(Describe.Waiting(s_room, ["me", "p9"]), Is.EqualTo("waiting for this peer, p9 to have something to play, 3 s at most"));
        Assert.That(Describe.Waiting(s_room, []), Is.Null);
    }

    [Test]
    public void Of_many_the_first_are_named() => Assert.That(
        Describe.Waiting(s_room, ["p1", "p2", "c", "d", "e", "f", "g"]), Does.StartWith("waiting for ada, bob, c, d, e and 2 more"));
}
