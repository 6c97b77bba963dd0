using Jam.Peer.Swarm;
using Jam.Peer.Swarm.Blobs;
using Jam.Peer.Wire;
using NUnit.Framework;

namespace Jam.Tests.Swarm;

/// <summary>Whoever made a blob gives it to one of those who all ask at once, and to the others only where they do not have it from that one.</summary>
internal sealed class BlobSpreadTests
{
    private static readonly LinkId Viewer = new(2);
    private static readonly byte[] Index = [.. Enumerable.Range(0, 1_300).Select(i => (byte)(i * 7))];

    private static T Single<T>(BlobCore core) => core.TakeEffects().OfType<T>().Single();

    [Test]
    public void Who_made_a_blob_gives_it_to_one_and_lets_it_spread()
    {
        LinkId third = new(3), fourth = new(4);
        var core = new BlobCore();
        core.Add(BlobId.Of(Index), Index, 0);
        foreach (var link in (LinkId[])[Viewer, third, fourth])
        {
            core.LinkUp(link, isHost: false, 0);
            core.Receive(link, new BlobWantFrame(BlobId.Of(Index), 0, false), 10);
        }

        Assert.That(Single<SendFrame>(core).Link, Is.EqualTo(Viewer));
        Assert.That(core.DueUs(), Is.EqualTo(1_000_010), "it may wait for long behind what went out before it");
        core.Receive(Viewer, new BlobHaveFrame(BlobId.Of(Index)), 15);
        core.Receive(third, new BlobHaveFrame(BlobId.Of(Index)), 20);
        var dueUs = core.DueUs();
        core.Timer(dueUs);
        var late = Single<SendFrame>(core);
        Assert.Multiple(() =>
        {
            Assert.That(dueUs, Is.EqualTo(450_015));
            Assert.That(late.Link, Is.EqualTo(fourth), "the third has it from another");
            Assert.That(late.Frame, Is.InstanceOf<BlobPieceFrame>());
            Assert.That(core.DueUs(), Is.EqualTo(long.MaxValue));
        });
    }

    [TestCase(50_000, 100_000, 550_000)]
    [TestCase(450_000, 900_000, 1_000_010)]
    public void The_others_wait_for_it_to_spread_from_when_the_first_has_it_and_no_longer_than_a_second(int soonestUs, int hasItUs, int dueUs)
    {
        LinkId third = new(3);
        var core = new BlobCore();
        core.Add(BlobId.Of(Index), Index, 0);
        foreach (var link in (LinkId[])[Viewer, third])
        {
            core.LinkUp(link, isHost: false, 0);
            core.Receive(link, new BlobWantFrame(BlobId.Of(Index), 0, false), 10);
        }

        core.TakeEffects();
        core.Timer(soonestUs);
        core.Receive(Viewer, new BlobHaveFrame(BlobId.Of(Index)), hasItUs);
        Assert.That(core.TakeEffects(), Is.Empty, "the first copy is still on its way");
        Assert.That(core.DueUs(), Is.EqualTo(dueUs));
    }

    [Test]
    public void Whoever_the_first_copy_went_to_may_leave()
    {
        LinkId third = new(3);
        var core = new BlobCore();
        core.Add(BlobId.Of(Index), Index, 0);
        core.LinkUp(Viewer, isHost: false, 0);
        core.LinkUp(third, isHost: false, 0);
        core.Receive(Viewer, new BlobWantFrame(BlobId.Of(Index), 0, false), 10);
        core.TakeEffects();
        core.LinkDown(Viewer, 20);
        core.Receive(third, new BlobWantFrame(BlobId.Of(Index), 0, false), 30);
        Assert.That(Single<SendFrame>(core).Link, Is.EqualTo(third));
    }
}
