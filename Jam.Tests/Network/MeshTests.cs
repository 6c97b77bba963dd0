using System.Net;
using Jam.Peer.Network;
using Jam.Peer.Storage;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Tests.Fakes;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>Connections over loopback: who gets in, what a stranger learns, and which connection stays.</summary>
[CancelAfter(60_000)]
internal sealed class MeshTests
{
    private readonly TestTrack _track = new(40 * 1024);

    [Test]
    public async Task Members_of_a_room_connect_and_trade(CancellationToken ct)
    {
        await using var ana = new SwarmNode("ana");
        await using var bo = new SwarmNode("bo");
        await ana.SeedAsync(_track, ct);
        await bo.WantAsync(_track, ct);
        var connection = await bo.DialAsync(ana, ct);
        Assert.That((connection.PeerId, connection.Outgoing), Is.EqualTo(("ana", true)));
        await bo.CompletedAsync(_track, ct);
        Assert.That(bo.StorageOf(_track)!.Bytes.ToArray(), Is.EqualTo(_track.Bytes));
    }

    [TestCase("jam", 9, "it says: it does not know this room's secret")]
    [TestCase("garage", 7, "it says: it is in room 'garage', this peer in 'jam'")]
    public async Task A_stranger_is_told_why_it_is_refused(string room, int secret, string why, CancellationToken ct)
    {
        await using var ana = new SwarmNode("ana");
        await using var stranger = new SwarmNode("bo", room: room, secret: [.. SwarmNode.Secret.Select(b => (byte)(b + secret - 7))]);
        Assert.That(async () => await stranger.DialAsync(ana, ct), Throws.TypeOf<ProtocolException>().With.Message.EqualTo(why));
        Assert.That(ana.Links + stranger.Links, Is.Zero);
    }

    [Test]
    public async Task A_peer_that_dials_itself_is_told_so(CancellationToken ct)
    {
        await using var ana = new SwarmNode("ana");
        Assert.That(async () => await ana.DialAsync(ana, ct), Throws.TypeOf<ProtocolException>().With.Message.Contains("this peer itself"));
    }

    [Test]
    public async Task Anyone_may_ask_where_the_room_is_as_often_as_it_likes_and_then_still_join(CancellationToken ct)
    {
        await using var ana = new SwarmNode("ana");
        await using var asker = await WirePeer.ConnectAsync(ana.Mesh.Port, ct);
        for (var i = 0; i < 3; i++)
        {
            await asker.SendAsync(new WhereFrame(), ct);
            var info = (await asker.NextAsync<RoomInfoFrame>(ct))!;
            Assert.That((info.Room, info.Urls.Single()), Is.EqualTo(("jam", "ws://127.0.0.1:8000/ws/jam")));
        }

        await Handshake.DialAsync(asker.Stream, new PeerIdentity("bo", "jam", SwarmNode.Secret), 0, ct);
        await Until.TrueAsync(() => ana.Links == 1, ct);
    }

    [Test]
    public async Task A_peer_in_no_room_says_so(CancellationToken ct)
    {
        await using var ana = new SwarmNode("ana");
        ana.Mesh.Location = null;
        await using var asker = await WirePeer.ConnectAsync(ana.Mesh.Port, ct);
        await asker.SendAsync(new WhereFrame(), ct);
        Assert.That(await asker.EndAsync(ct), Does.Contain("in no room yet"));
    }

    private static IEnumerable<TestCaseData> NotBeforeAuth()
    {
        yield return new TestCaseData(new TrackFrame(0, default, TrackFlags.None)).SetArgDisplayNames("TRACK");
        yield return new TestCaseData(new WantManifestFrame(0)).SetArgDisplayNames("WANT_MANIFEST");
        yield return new TestCaseData(new BitfieldFrame(0, [1])).SetArgDisplayNames("BITFIELD");
        yield return new TestCaseData(new HaveFrame(0, [0])).SetArgDisplayNames("HAVE");
        yield return new TestCaseData(new RequestFrame(0, 0, 0)).SetArgDisplayNames("REQUEST");
        yield return new TestCaseData(new ChunkFrame(0, 0, new byte[10], 10)).SetArgDisplayNames("CHUNK");
        yield return new TestCaseData(new PingFrame(1)).SetArgDisplayNames("PING");
        yield return new TestCaseData(new AuthFrame(new byte[32])).SetArgDisplayNames("AUTH without HELLO");
        yield return new TestCaseData(new RoomInfoFrame("jam", [])).SetArgDisplayNames("ROOM_INFO");
    }

    [TestCaseSource(nameof(NotBeforeAuth))]
    public async Task Nothing_else_is_answered_before_a_proof(Frame frame, CancellationToken ct)
    {
        await using var ana = new SwarmNode("ana");
        await ana.SeedAsync(_track, ct);
        await using (var stranger = await WirePeer.ConnectAsync(ana.Mesh.Port, ct))
        {
            await stranger.SendAsync(frame, ct);
            Assert.That(await stranger.EndAsync(ct), Is.Not.Empty);
        }

        await using (var stranger = await WirePeer.ConnectAsync(ana.Mesh.Port, ct))
        {
            await stranger.SendAsync(new HelloFrame(1, 0, "bo", "jam", 0, new byte[32], new byte[32]), ct);
            Assert.That(await stranger.NextAsync<HelloFrame>(ct), Is.Not.Null);
            await stranger.SendAsync(frame, ct);
            Assert.That(await stranger.NextAsync<AuthFrame>(ct), Is.Null, "not a word more");
        }

        Assert.That(ana.Links, Is.Zero);
    }

    [Test]
    public async Task Who_says_nothing_is_closed_after_the_time_for_the_handshake_and_not_before(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        await using var ana = new SwarmNode("ana", time);
        await using var silent = await WirePeer.ConnectAsync(ana.Mesh.Port, ct);
        await silent.SendAsync(new WhereFrame(), ct);
        await silent.NextAsync<RoomInfoFrame>(ct);
        time.Advance(Handshake.Timeout - TimeSpan.FromMilliseconds(1));
        await silent.SendAsync(new WhereFrame(), ct);
        Assert.That(await silent.NextAsync<RoomInfoFrame>(ct), Is.Not.Null);
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.That(await silent.EndAsync(ct), Is.Null);
    }

    [Test]
    public async Task Dialling_what_says_nothing_is_given_up_after_the_same_time(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        await using var ana = new SwarmNode("ana", time);
        using var mute = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        mute.Start();
        var dialing = ana.Mesh.DialAsync([(System.Net.IPEndPoint)mute.LocalEndpoint], ct);
        using var accepted = await mute.AcceptTcpClientAsync(ct);
        Assert.That(await accepted.GetStream().ReadAsync(new byte[1], ct), Is.EqualTo(1), "HELLO");
        time.Advance(Handshake.Timeout);
        Assert.That(async () => await dialing, Throws.TypeOf<ProtocolException>().With.Message.Contains("does not answer"));
    }

    [Test]
    public async Task Two_that_dial_each_other_at_once_end_up_with_one_connection_and_nobody_complains(CancellationToken ct)
    {
        for (var round = 0; round < 15; round++)
        {
            await using var ana = new SwarmNode("ana");
            await using var bo = new SwarmNode("bo");
            await ana.SeedAsync(_track, ct);
            await bo.WantAsync(_track, ct);
            ana.SetMember("bo", bo.Address);
            bo.SetMember("ana", ana.Address);
            await bo.CompletedAsync(_track, ct);
            await Until.TrueAsync(() => ana.Links == 1 && bo.Links == 1, ct, () => (ana.Links, bo.Links));
            Assert.That(ana.Loop.Snapshot.Links.Single().Connection.Outgoing, Is.Not.EqualTo(bo.Loop.Snapshot.Links.Single().Connection.Outgoing));
            Assert.That(ana.Drops.Concat(bo.Drops), Is.Empty);
        }
    }

    [Test]
    public async Task A_connection_that_is_lost_is_dialled_again(CancellationToken ct)
    {
        await using var ana = new SwarmNode("ana");
        await using var bo = new SwarmNode("bo");
        ana.SetMember("bo", bo.Address, dialNow: false);
        bo.SetMember("ana", ana.Address);
        await Until.TrueAsync(() => ana.Links == 1 && bo.Links == 1, ct);
        var lost = ana.Loop.Snapshot.Links.Single().Connection;
        lost.Close("a test wants it so");
        await Until.TrueAsync(
            () => ana.Loop.Snapshot.Links is [{ Connection: var now }] && now != lost && bo.Links == 1, ct, () => string.Join('\n', ana.Notices));
        Assert.That(ana.Notices, Has.Some.Contains("a test wants it so"));
    }

    [Test]
    public async Task A_peer_that_was_left_is_not_dialled_again_by_either_side_until_someone_joins(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        await using var ana = new SwarmNode("ana", time);
        await using var bo = new SwarmNode("bo", time);
        ana.SetMember("bo", bo.Address);
        bo.SetMember("ana", ana.Address, dialNow: false);
        await LinksAsync(1);
        Assert.That(ana.Mesh.Leave(new DnsEndPoint("127.0.0.1", bo.Mesh.Port)), Is.True);
        await LinksAsync(0);
        // Word of a member, such as a new role, is no reason either.
        ana.SetMember("bo", bo.Address);
        bo.SetMember("ana", ana.Address);
        for (var second = 0; second < 5; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            // Who asks now is answered after whatever the second brought about.
            await using var asker = await WirePeer.ConnectAsync((second % 2 == 0 ? ana : bo).Mesh.Port, ct);
            await asker.SendAsync(new WhereFrame(), ct);
            await asker.NextAsync<RoomInfoFrame>(ct);
            await LinksAsync(0);
        }

        Assert.That(ana.Mesh.Leave(new DnsEndPoint("127.0.0.1", bo.Mesh.Port)), Is.False, "there is nothing to leave");
        await ana.Mesh.DialAsync(new DnsEndPoint("127.0.0.1", bo.Mesh.Port), ct);
        await LinksAsync(1);
        // And from then on it is a connection like any other, which is dialled again when it is lost.
        ana.Loop.Snapshot.Links.Single().Connection.Close("a test wants it so");
        await Until.TrueAsync(() => ana.Notices.Any(n => n.Contains("a test wants it so", StringComparison.Ordinal)), ct);
        await LinksAsync(1);

        // Pictures of the swarm are taken as time passes.
        Task LinksAsync(int count) => Until.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(100));
                return ana.Links == count && bo.Links == count;
            },
            ct, () => $"{ana.Links} {bo.Links} {string.Join('\n', ana.Notices)}");
    }

    [Test]
    public async Task Closing_a_connection_that_is_over_does_nothing(CancellationToken ct)
    {
        await using var pair = await StreamPair.ConnectAsync(ct);
        await using var ana = new SwarmNode("ana");
        var connection = new PeerConnection(
            new LinkId(99), pair.Dialer, new HelloFrame(1, 0, "bo", "jam", 1, new byte[32], new byte[32]), true, ana.Loop, TimeProvider.System);
        await pair.Listener.DisposeAsync();
        await connection.RunAsync(ct);
        await connection.DisposeAsync();
        Assert.That(() => connection.Close("too late"), Throws.Nothing);
        Assert.That(() => connection.Send(new PingFrame(1)), Throws.Nothing);
    }

    [Test]
    public async Task A_bug_behind_a_connection_ends_that_connection_and_is_its_reason(CancellationToken ct)
    {
        await using var pair = await StreamPair.ConnectAsync(ct);
        await using var connection = new PeerConnection(
            new LinkId(99), pair.Dialer, new HelloFrame(1, 0, "bo", "jam", 1, new byte[32], new byte[32]), true, new BuggyEvents(), TimeProvider.System);
        await pair.Listener.SendAsync(new HaveFrame(0, [0]), ct);
        Assert.That(await connection.RunAsync(ct), Does.Contain("a fault inside").And.Contain("what nobody thought of"));
    }

    [Test]
    public async Task A_seed_that_cannot_be_read_any_more_is_rejected_and_said(CancellationToken ct)
    {
        using var folder = new TempFolder();
        var path = folder.Write("song.bin", new TestTrack(60_000).Bytes);
        var storage = Jam.Peer.Storage.SeedStorage.Open(path, ct);
        await using var ana = new SwarmNode("ana");
        await ana.Loop.PostAsync(new WantEvent(storage.Manifest.Id, 0), ct);
        await ana.Loop.PostAsync(new OpenEvent(storage, false), ct);
        await File.WriteAllBytesAsync(path, new byte[60_000], ct);
        await using var viewer = await WirePeer.JoinAsync(ana, "viewer", ct);
        await viewer.SendAsync(new TrackFrame(5, storage.Manifest.Id, TrackFlags.None), ct);
        await viewer.SendAsync(new RequestFrame(5, 2, 0), ct);
        Assert.That((await viewer.NextAsync<RejectFrame>(ct))!.Chunk, Is.EqualTo(2));
        await Until.TrueAsync(() => !ana.Notices.IsEmpty, ct);
        Assert.That(ana.Notices, Has.Some.Contains("changed"));
    }

    private sealed class BuggyEvents : IConnectionEvents
    {
        public void TakeUp(bool runHere)
        {
        }

        public TrackStorage? StorageOf(TrackId track) => null;

        public ValueTask OnFrameAsync(PeerConnection from, Frame frame, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("what nobody thought of");

        public ValueTask OnChunkAsync(PeerConnection from, ChunkFrame chunk, bool isGood, CancellationToken cancellationToken) => default;

        public ValueTask OnChunkSentAsync(PeerConnection from, SendChunk chunk, int bytes, string? problem, CancellationToken cancellationToken) => default;

        public ValueTask OnRttAsync(PeerConnection from, long rttUs, CancellationToken cancellationToken) => default;
    }
}
