using System.Net;
using System.Net.Sockets;
using Jam.Peer.Network;
using Jam.Peer.Session;
using Jam.Peer.Session.Check;
using Jam.Peer.Wire;
using Jam.Server.Contracts;
using NUnit.Framework;

namespace Jam.Tests.Check;

/// <summary>Checks of real peers over loopback.</summary>
[CancelAfter(60_000)]
internal sealed class ConnectionCheckTests
{
    private static Task<CheckReport> CheckAsync(DnsEndPoint peer, CancellationToken ct, int chunks = 16, int size = 16_384) =>
        ConnectionCheck.RunAsync(new CheckRequest(peer, chunks, size, 0, "check"), TimeProvider.System, ct);

    [Test]
    public async Task A_peer_of_this_machine_is_reached_both_ways_and_every_chunk_is_verified(CancellationToken ct)
    {
        await using var room = await TestRoom.StartAsync(ct);
        await room.WhereAsync(ct);
        var report = await CheckAsync(room.Peer, ct);
        Assert.Multiple(() =>
        {
            Assert.That(report.Outcome, Is.EqualTo(CheckOutcome.Ok), report.Detail);
            Assert.That(report.Connects, Is.EqualTo(new ConnectFigures(5, 0, report.Connects!.MedianUs)));
            Assert.That(report.Room, Is.EqualTo("jam"));
            Assert.That(report.Rtt!.Lost, Is.Zero);
            Assert.That(report.Down!.Good, Is.EqualTo(16));
            Assert.That(report.Up!.Good, Is.EqualTo(16));
            Assert.That(report.Reverse, Is.EqualTo(ReverseReach.Reached));
            Assert.That(report.Proximity, Is.EqualTo(Proximity.SameMachine));
        });
    }

    [Test]
    public async Task A_link_gives_no_more_test_data_than_its_quota(CancellationToken ct)
    {
        await using var room = await TestRoom.StartAsync(ct);
        await using var link = await LinkAsync(room, listenPort: 0, ct);
        const int MiB = 1024 * 1024;
        var down = await link.Link.DownAsync(18, MiB, TimeSpan.FromSeconds(30), ct);
        Assert.That((down.Good, down.Bad, down.Declined), Is.EqualTo((16, 0, 2)));
        var up = await link.Link.UpAsync(18, MiB, TimeSpan.FromSeconds(30), ct);
        Assert.That((up.Good, up.Bad, up.Declined), Is.EqualTo((16, 0, 2)));
        Assert.That(link.Link.Lost, Is.Null);
    }

    [Test]
    public async Task An_upload_cap_holds_for_tests_too(CancellationToken ct)
    {
        await using var room = await TestRoom.StartAsync(ct, upLimit: 100_000);
        await using var link = await LinkAsync(room, listenPort: 0, ct);
        var down = await link.Link.DownAsync(64, 16_384, TimeSpan.FromSeconds(30), ct);
        Assert.That(down.Good, Is.GreaterThanOrEqualTo(12).And.LessThan(20));
        Assert.That(down.Good + down.Declined, Is.EqualTo(64));
    }

    [Test]
    public async Task Whoever_names_no_port_is_not_dialled_back(CancellationToken ct)
    {
        await using var room = await TestRoom.StartAsync(ct);
        await using var link = await LinkAsync(room, listenPort: 0, ct);
        Assert.That(await link.Link.DialBackAsync(TimeSpan.FromSeconds(30), ct), Is.EqualTo(DialBackOutcome.Declined));
    }

    [Test]
    public async Task A_port_that_does_not_answer_as_a_peer_is_told_apart_and_is_not_dialled_for_ever(CancellationToken ct)
    {
        await using var room = await TestRoom.StartAsync(ct);
        await using var link = await LinkAsync(room, TestRoom.ClosedPort(), ct);
        for (var n = 0; n < 4; n++)
            Assert.That(await link.Link.DialBackAsync(TimeSpan.FromSeconds(30), ct), Is.EqualTo(DialBackOutcome.Refused));
        Assert.That(await link.Link.DialBackAsync(TimeSpan.FromSeconds(30), ct), Is.EqualTo(DialBackOutcome.Declined));
    }

    [Test]
    public async Task A_port_where_nothing_listens_is_refused(CancellationToken ct) =>
        Assert.That((await CheckAsync(new DnsEndPoint("127.0.0.1", TestRoom.ClosedPort()), ct)).Outcome, Is.EqualTo(CheckOutcome.Refused));

    [Test]
    public async Task The_servers_port_is_known_for_what_it_is(CancellationToken ct)
    {
        await using var room = await TestRoom.StartAsync(ct);
        var location = await room.WhereAsync(ct);
        Assert.That((await CheckAsync(new DnsEndPoint("127.0.0.1", location.Urls[0].Port), ct)).Outcome, Is.EqualTo(CheckOutcome.WebServer));
    }

    [TestCase("SSH-2.0-OpenSSH_9.9\r\n")]
    [TestCase("")]
    public async Task Something_else_is_no_peer(string greeting, CancellationToken ct)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var answering = AnswerAsync(listener, System.Text.Encoding.ASCII.GetBytes(greeting), ending.Token);
        var report = await CheckAsync((DnsEndPoint)new("127.0.0.1", ((IPEndPoint)listener.LocalEndpoint).Port), ct);
        Assert.That(report.Outcome, Is.EqualTo(CheckOutcome.NotAPeer), report.Detail);
        // Not by closing the listener: that may have no one waiting at this moment.
        await ending.CancelAsync();
        Assert.That(async () => await answering, Throws.InstanceOf<SocketException>().Or.InstanceOf<ObjectDisposedException>().Or.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task A_rendezvous_that_is_blocked_is_told_apart_from_a_peer_that_is(CancellationToken ct)
    {
        using var listener = PeerListener.Bind(0);
        var answering = AskedAsync(listener, new RoomInfoFrame("jam", [$"ws://127.0.0.1:{TestRoom.ClosedPort()}/ws/jam"]), ct);
        var report = await CheckAsync(new DnsEndPoint("127.0.0.1", listener.Port), ct);
        Assert.That(report.Outcome, Is.EqualTo(CheckOutcome.RendezvousBlocked));
        Assert.That(report.Detail, Is.EqualTo("nothing listens there"));
        listener.Dispose();
        Assert.That(async () => await answering, Throws.InstanceOf<SocketException>().Or.InstanceOf<ObjectDisposedException>().Or.InstanceOf<OperationCanceledException>());
    }

    // What a peer does on its port, as far as WHERE goes.
    private static async Task AskedAsync(PeerListener listener, RoomInfoFrame info, CancellationToken ct)
    {
        while (true)
        {
            await using var stream = new FrameStream(await listener.AcceptAsync(ct));
            if (await stream.ReadAsync(false, ct) is WhereFrame)
                await stream.SendAsync(info, ct);
        }
    }

    private static async Task AnswerAsync(TcpListener listener, byte[] greeting, CancellationToken ct)
    {
        while (true)
        {
            using var socket = await listener.AcceptSocketAsync(ct);
            if (greeting.Length > 0)
                await socket.SendAsync(greeting, ct);
            // What was sent is read before the socket goes, or the greeting might be lost with it.
            if (greeting.Length > 0)
                await socket.ReceiveAsync(new byte[16], ct);
        }
    }

    private static async Task<MemberLink> LinkAsync(TestRoom room, int listenPort, CancellationToken ct)
    {
        var location = await room.WhereAsync(ct);
        var client = new RendezvousClient(
            new RendezvousOptions { Candidates = location.Urls, BuildHello = () => new Hello(Role.Viewer, "asker", Listen: []) }, TimeProvider.System);
        client.Start();
        var state = new RoomState();
        while (state.Secret is null)
        {
            if (await client.Events.ReadAsync(ct) is Received { Message: var message })
                state = state.Apply(message);
        }

        var stream = await Dialer.ConnectAsync(room.Peer, TimeProvider.System, ct);
        return new MemberLink(
            client,
            await CheckLink.OpenAsync(stream, new PeerIdentity(state.PeerId!, location.Room, state.Secret), listenPort, TimeProvider.System, ct));
    }

    private sealed record MemberLink(RendezvousClient Client, CheckLink Link) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Link.DisposeAsync();
            await Client.DisposeAsync();
        }
    }
}
