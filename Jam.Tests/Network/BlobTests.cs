using Jam.Peer.Network;
using Jam.Peer.Swarm.Blobs;
using Jam.Peer.Wire;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>Blobs over real connections: from who made them, and from who fetched them.</summary>
[CancelAfter(30_000)]
internal sealed class BlobTests
{
    private static readonly byte[] Index = [.. Enumerable.Range(0, 50_000).Select(i => (byte)(i * 7 >> 2))];
    private static readonly byte[] Cover = [.. Enumerable.Range(0, 200_000).Select(i => (byte)(i * 13 >> 3))];

    private static readonly BlobWish[] Wishes =
    [
        new(BlobId.Of(Index), 64 * 1024, 0), new(BlobId.Of(Cover), BlobFrame.MaxTotal, BlobCore.PatientFrom),
    ];

    [Test]
    public async Task What_the_host_made_comes_and_is_passed_on_when_the_host_is_gone(CancellationToken ct)
    {
        await using var viewer = new SwarmNode("viewer");
        await using var late = new SwarmNode("late");
        await using (var host = new SwarmNode("host"))
        {
            await host.Loop.PostAsync(new AddBlobEvent(BlobId.Of(Index), Index), ct);
            await host.Loop.PostAsync(new AddBlobEvent(BlobId.Of(Cover), Cover), ct);
            await viewer.Loop.PostAsync(new WantBlobsEvent(Wishes), ct);
            await viewer.DialAsync(host, ct);
            await Until.TrueAsync(() => viewer.Blobs.Count == 2, ct);
        }

        await late.Loop.PostAsync(new WantBlobsEvent(Wishes), ct);
        await late.DialAsync(viewer, ct);
        await Until.TrueAsync(() => late.Blobs.Count == 2, ct);
        Assert.That(late.Blobs[BlobId.Of(Index)], Is.EqualTo(Index));
        Assert.That(late.Blobs[BlobId.Of(Cover)], Is.EqualTo(Cover));
    }

    [Test]
    public async Task A_liar_is_banned_and_the_blob_comes_from_another(CancellationToken ct)
    {
        await using var viewer = new SwarmNode("viewer");
        await using var host = new SwarmNode("host");
        await host.Loop.PostAsync(new AddBlobEvent(BlobId.Of(Index), Index), ct);
        await using var liar = await WirePeer.JoinAsync(viewer, "liar", ct);
        // Before the lie: after it nobody is dialled at that address for a while.
        await Until.TrueAsync(() => viewer.Links == 1, ct);
        await viewer.DialAsync(host, ct);
        await Until.TrueAsync(() => viewer.Links == 2, ct);
        await viewer.Loop.PostAsync(new WantBlobsEvent(Wishes[..1]), ct);
        var want = await liar.NextAsync<BlobWantFrame>(ct);
        await liar.SendAsync(new BlobPieceFrame(want!.Blob, 3, 0, [1, 2, 3]), ct);
        Assert.That(await liar.EndAsync(ct), Does.Contain("not what its hash says"));
        await Until.TrueAsync(() => viewer.Blobs.Count == 1, ct);
        Assert.That(viewer.Drops.Single(), Is.EqualTo(("liar", "a blob is not what its hash says", true)));
    }
}
