using System.Buffers;
using System.Buffers.Binary;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Tests.Fakes;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>What one peer does wrong, by mistake or on purpose, is no one else's trouble.</summary>
[CancelAfter(60_000)]
internal sealed class HostilePeerTests
{
    private readonly TestTrack _track = new(40 * 1024);

    private static IEnumerable<TestCaseData> Garbage()
    {
        yield return Case([.. Enumerable.Repeat((byte)0xFF, 64)], "noise");
        yield return Case("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), "a browser");
        yield return Case([0, 0, 0, 0, 9], "an empty frame");
        yield return Case([0, 0, 0, 1, 16], "an unknown type");
        yield return Case(Head(FrameType.Chunk, FrameCaps.MaxPayload(FrameType.Chunk) + 1), "a chunk above its cap");
        yield return Case(Head(FrameType.Manifest, int.MaxValue - 1), "a manifest of two gigabytes");
        yield return Case(Bytes(new HaveFrame(0, [0])), "a slot that was not announced");
        yield return Case(Bytes(new ChunkFrame(0, 0, new byte[1024], 1024)), "a chunk that nobody asked for");
        yield return Case(Bytes(new HelloFrame(1, 0, "bo", "jam", 0, new byte[32], new byte[32])), "HELLO again");
        yield return Case([0, 0, 0, 27, 17, .. new byte[26]], "RENDEZVOUS of no epoch");

        static TestCaseData Case(byte[] bytes, string name) => new TestCaseData(bytes).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Garbage))]
    public async Task Garbage_ends_its_connection_and_no_other(byte[] bytes, CancellationToken ct)
    {
        await using var ana = new SwarmNode("ana");
        await ana.SeedAsync(_track, ct);
        await using var good = await WirePeer.JoinAsync(ana, "good", ct);
        await using (var bad = await WirePeer.JoinAsync(ana, "bad", ct))
        {
            await bad.SendRawAsync(bytes, ct);
            Assert.That(await bad.EndAsync(ct), Is.Not.Empty, "it is told why");
        }

        Assert.That(await good.IsAliveAsync(ct), Is.True);
        // Nothing of this is a proof of a lie, so it may come back.
        await using var again = await WirePeer.JoinAsync(ana, "bad", ct);
        Assert.That(await again.IsAliveAsync(ct), Is.True);
        Assert.That(ana.Loop.Completion.IsCompleted, Is.False);
    }

    [Test]
    public async Task Who_breaks_the_rules_and_hangs_up_at_once_harms_no_one(CancellationToken ct)
    {
        await using var ana = new SwarmNode("ana");
        await using var good = await WirePeer.JoinAsync(ana, "good", ct);
        var breach = Bytes(new HaveFrame(9, [0]));
        var many = Enumerable.Repeat(breach, 50).SelectMany(b => b).ToArray();
        for (var i = 0; i < 150; i++)
        {
            await using var bad = await WirePeer.JoinAsync(ana, $"bad-{i}", ct);
            await bad.SendRawAsync(many, ct);
            bad.Reset();
        }

        Assert.That(await good.IsAliveAsync(ct), Is.True);
        await Until.TrueAsync(() => ana.Links <= 1, ct, () => ana.Links);
        Assert.That(ana.Loop.Completion.IsCompleted, Is.False, () => ana.Loop.Completion.Exception?.ToString() ?? "ended");
        Assert.That(ana.Drops.GroupBy(d => d.PeerId).Select(g => g.Count()), Has.All.EqualTo(1), "cut off once each");
    }

    [Test]
    public async Task Half_a_frame_that_is_never_finished_ends_its_connection_and_no_other(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        await using var ana = new SwarmNode("ana", time);
        await using var slow = await WirePeer.JoinAsync(ana, "slow", ct);
        await using var good = await WirePeer.JoinAsync(ana, "good", ct);
        await slow.SendRawAsync(Head(FrameType.Chunk, 1000), ct);
        for (var i = 0; i < 4; i++)
        {
            Assert.That(await good.IsAliveAsync(ct), Is.True);
            time.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.That(await slow.EndAsync(ct), Is.EqualTo("it has been silent for 15 s"));
        Assert.That(await good.IsAliveAsync(ct), Is.True);
    }

    [Test]
    public async Task A_round_trip_that_cannot_be_is_not_believed(CancellationToken ct)
    {
        await using var ana = new SwarmNode("ana");
        await using var liar = await WirePeer.JoinAsync(ana, "liar", ct);
        foreach (var nonce in new ulong[] { 0, ulong.MaxValue, long.MaxValue, 1UL << 63 })
            await liar.SendAsync(new PongFrame(nonce), ct);
        Assert.That(await liar.IsAliveAsync(ct), Is.True);
        // An event of the link makes the next picture.
        await liar.SendAsync(new TrackFrame(0, _track.Id, TrackFlags.None), ct);
        await Until.TrueAsync(() => ana.Links == 1, ct);
        Assert.That(ana.Loop.Snapshot.Links.Single().RttUs, Is.Null);
    }

    [Test]
    public async Task A_liar_is_banned_and_the_track_completes_from_the_others(CancellationToken ct)
    {
        await using var viewer = new SwarmNode("viewer");
        await viewer.WantAsync(_track, ct);
        await using var liar = await WirePeer.JoinAsync(viewer, "liar", ct, WirePeer.Elsewhere);
        await liar.SendAsync(new TrackFrame(3, _track.Id, TrackFlags.HasManifest), ct);
        await liar.SendAsync(new BitfieldFrame(3, Bitfield.Full(_track.Chunks).ToBytes()), ct);
        var wanted = await liar.NextAsync<WantManifestFrame>(ct);
        await liar.SendAsync(new ManifestFrame(3, _track.Manifest.Encoded), ct);
        Assert.That(wanted, Is.Not.Null);

        // Several requests are under way; the first answer is right, the second a lie.
        var request = (await liar.NextAsync<RequestFrame>(ct))!;
        await liar.SendAsync(new ChunkFrame(3, request.Chunk, _track.Chunk(request.Chunk).ToArray(), 1024), ct);
        request = (await liar.NextAsync<RequestFrame>(ct))!;
        var lie = _track.Chunk(request.Chunk).ToArray();
        lie[7] ^= 1;
        await liar.SendAsync(new ChunkFrame(3, request.Chunk, lie, 1024), ct);
        Assert.That(await liar.EndAsync(ct), Does.Contain("not what its hash says"));
        Assert.That(viewer.Drops.Single(), Is.EqualTo(("liar", $"chunk {request.Chunk} is not what its hash says", true)));
        await using (var back = await WirePeer.JoinAsync(viewer, "liar", ct))
            Assert.That(await back.IsAliveAsync(ct), Is.False, "not in this run");

        await using var honest = new SwarmNode("honest");
        await honest.SeedAsync(_track, ct);
        await viewer.DialAsync(honest, ct);
        await viewer.CompletedAsync(_track, ct);
        Assert.That(viewer.StorageOf(_track)!.Bytes.ToArray(), Is.EqualTo(_track.Bytes));
        await Until.TrueAsync(() => viewer.Loop.Snapshot.Tracks.TryGetValue(_track.Id, out var t) && t.ChunksHave == _track.Chunks, ct);
        Assert.That(viewer.Loop.Snapshot.Tracks[_track.Id].BadChunks, Is.EqualTo(1));
    }

    [Test]
    public async Task A_liar_among_honest_peers_spoils_nothing(CancellationToken ct)
    {
        await using var host = new SwarmNode("host", settings: new SwarmSettings { UpBytesPerSecond = 400_000 });
        await using var viewer = new SwarmNode("viewer");
        await using var other = new SwarmNode("other");
        await host.SeedAsync(_track, ct, striped: true);
        await viewer.WantAsync(_track, ct);
        await other.WantAsync(_track, ct);
        await using var liar = await WirePeer.JoinAsync(viewer, "liar", ct, WirePeer.Elsewhere);
        await liar.SendAsync(new TrackFrame(0, _track.Id, TrackFlags.HasManifest), ct);
        await liar.SendAsync(new BitfieldFrame(0, Bitfield.Full(_track.Chunks).ToBytes()), ct);
        var lying = LieAsync(liar, ct);
        await viewer.DialAsync(host, ct);
        await other.DialAsync(host, ct);
        await other.DialAsync(viewer, ct);
        await Task.WhenAll(viewer.CompletedAsync(_track, ct), other.CompletedAsync(_track, ct), lying);
        Assert.That(viewer.StorageOf(_track)!.Bytes.ToArray(), Is.EqualTo(_track.Bytes));
        Assert.That(other.StorageOf(_track)!.Bytes.ToArray(), Is.EqualTo(_track.Bytes));
        Assert.That(viewer.Drops.Select(d => (d.PeerId, d.Ban)), Is.EqualTo(new[] { ("liar", true) }));
        Assert.That(other.Drops.Concat(host.Drops), Is.Empty, "a relay sends only what it has verified");

        async Task LieAsync(WirePeer peer, CancellationToken token)
        {
            while (await peer.NextAsync<Frame>(token) is { } frame)
            {
                if (frame is WantManifestFrame)
                    await peer.SendAsync(new ManifestFrame(0, _track.Manifest.Encoded), token);
                if (frame is RequestFrame request)
                    await peer.SendAsync(new ChunkFrame(0, request.Chunk, new byte[1024], 1024), token);
                if (frame is ByeFrame)
                    return;
            }
        }
    }

    private static byte[] Bytes(Frame frame)
    {
        var output = new ArrayBufferWriter<byte>();
        FrameWriter.Write(output, frame);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Head(FrameType type, int payload)
    {
        var head = new byte[FrameCaps.LengthSize + 1];
        BinaryPrimitives.WriteInt32BigEndian(head, payload + 1);
        head[4] = (byte)type;
        return head;
    }
}
