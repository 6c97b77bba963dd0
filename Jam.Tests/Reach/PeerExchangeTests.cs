using System.Net;
using Jam.Peer.Network;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Server.Contracts;
using Jam.Tests.Fakes;
using Jam.Tests.Network;
using NUnit.Framework;

namespace Jam.Tests.Reach;

/// <summary>Members find each other through members.</summary>
[CancelAfter(60_000)]
internal sealed class PeerExchangeTests
{
    private static readonly byte[] Secret = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Test]
    public void What_is_said_comes_back_as_it_was()
    {
        PexEntry[] links = [new("a", IPEndPoint.Parse("10.0.0.1:9003")), new("b@x", IPEndPoint.Parse("[fd00::1]:9004"))];
        Assert.That(PexBook.Read(PexBook.Say(links, "c", IPAddress.Parse("10.0.0.9"), 0), IPAddress.Parse("10.0.0.8")), Is.EqualTo(links));
    }

    [Test]
    public void The_receiver_is_not_told_of_itself_nor_of_loopback_addresses_unless_it_is_on_this_machine()
    {
        PexEntry[] links = [new("a", IPEndPoint.Parse("10.0.0.1:9003")), new("b", IPEndPoint.Parse("[::ffff:127.0.0.1]:9004")), new("c", IPEndPoint.Parse("10.0.0.2:0"))];
        Assert.That(PexBook.Say(links, "a", IPAddress.Parse("10.0.0.1"), 0), Is.Empty);
        Assert.That(PexBook.Say(links, "a", IPAddress.Parse("::ffff:127.0.0.1"), 0), Is.EqualTo(new[] { "b@127.0.0.1:9004" }));
    }

    [Test]
    public void No_more_than_fit_are_said_and_every_round_goes_on()
    {
        var links = Enumerable.Range(0, 120).Select(i => new PexEntry($"p{i}", new IPEndPoint(IPAddress.Parse("10.0.0.1"), 1000 + i))).ToArray();
        var rounds = Enumerable.Range(0, 3).Select(round => PexBook.Say(links, "x", IPAddress.Parse("10.0.0.9"), round)).ToArray();
        Assert.That(rounds.Select(r => r.Count), Is.All.EqualTo(50));
        Assert.That(rounds.SelectMany(r => r).Distinct().Count(), Is.EqualTo(120));
    }

    [TestCase("nobody")]
    [TestCase("@10.0.0.1:9003")]
    [TestCase("a@")]
    [TestCase("a@10.0.0.1")]
    [TestCase("a@10.0.0.1:0")]
    [TestCase("a@host.example:9003")]
    [TestCase("a@0.0.0.0:9003")]
    [TestCase("a@[::]:9003")]
    [TestCase("a@255.255.255.255:9003")]
    [TestCase("a@239.1.2.3:9003")]
    [TestCase("a@[ff02::1]:9003")]
    [TestCase("a@127.0.0.1:22")]
    [TestCase("a@[::1]:22")]
    [TestCase("a@[::ffff:127.0.0.1]:22")]
    public void Nonsense_from_afar_is_left_out(string entry) =>
        Assert.That(PexBook.Read([entry, "b@10.0.0.1:9003"], IPAddress.Parse("10.0.0.7")).Select(e => e.PeerId), Is.EqualTo(new[] { "b" }));

    [Test]
    public void An_id_that_is_too_long_and_what_is_beyond_the_cap_are_left_out()
    {
        Assert.That(PexBook.Read([new string('a', 65) + "@10.0.0.1:9003"], IPAddress.Parse("10.0.0.7")), Is.Empty);
        Assert.That(PexBook.Read([.. Enumerable.Repeat("a@10.0.0.1:9003", 60)], IPAddress.Parse("10.0.0.7")), Has.Count.EqualTo(50));
    }

    [Test]
    public async Task Whoever_knows_one_address_finds_all_while_the_server_is_away(CancellationToken ct)
    {
        await using var a = new Node("a");
        await using var b = new Node("b");
        await using var c = new Node("c");
        foreach (var node in new[] { a, b, c })
            node.Mesh.IsRoomReachable = false;
        await b.Mesh.DialAsync(a.Address, ct);
        await a.UntilLinkedAsync("b", ct);
        await c.Mesh.DialAsync(a.Address, ct);
        await c.UntilLinkedAsync("b", ct);
        await b.UntilLinkedAsync("c", ct);
    }

    [Test]
    public async Task While_the_room_names_its_members_hearsay_makes_no_connection_but_adds_an_address(CancellationToken ct)
    {
        await using var a = new Node("a");
        await using var b = new Node("b");
        await using var c = new Node("c");
        await b.Mesh.DialAsync(a.Address, ct);
        await a.UntilLinkedAsync("b", ct);
        // The room names b, but gives no address where it could be reached.
        var named = new Member("b", "b", Role.Viewer, 2, []);
        c.Mesh.SetMember(named, dialNow: true);
        Assert.That(c.Mesh.AddressesOf(named), Is.Empty);
        await c.Mesh.DialAsync(a.Address, ct);
        while (c.Mesh.AddressesOf(named).Count == 0)
        {
            ct.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.That(c.Mesh.AddressesOf(named), Is.EqualTo(new[] { new IPEndPoint(IPAddress.Loopback, b.Mesh.Port) }));
        Assert.That(c.Mesh.Links.Select(l => l.PeerId), Is.EqualTo(new[] { "a" }));
    }

    [Test]
    public async Task The_address_that_people_typed_is_dialled_where_the_rooms_addresses_lead_nowhere(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        await using var host = new Node("host");
        await using var viewer = new Node("viewer", time);
        // Behind a router that forwards a port: the room knows only what the host itself knows.
        viewer.Mesh.SetMember(new Member("host", "host", Role.Host, 1, []), dialNow: true);
        viewer.Mesh.OnTyped(host.Address);
        await Until.TrueAsync(() => time.NextTimerUs <= time.NowUs() + 2_000_000, ct);
        Assert.That(viewer.Mesh.Links, Is.Empty);
        time.Advance(TimeSpan.FromSeconds(2));
        await viewer.UntilLinkedAsync("host", ct);
        var link = viewer.Mesh.Links.Single();
        // Nobody is missing now: it is left as it is.
        viewer.Mesh.OnTyped(host.Address);
        time.Advance(TimeSpan.FromSeconds(4));
        Assert.That(viewer.Mesh.Links.Single(), Is.EqualTo(link));
    }

    [Test]
    public async Task A_peer_that_does_not_know_the_exchange_is_not_told(CancellationToken ct)
    {
        await using var a = new Node("a");
        await using var b = new Node("b");
        await b.Mesh.DialAsync(a.Address, ct);
        await a.UntilLinkedAsync("b", ct);
        // An older release: no capability bit. It pings, and the first frame beside the answers must not be PEX.
        await using var stream = await Dialer.ConnectAsync(a.Address, TimeProvider.System, ct);
        var mine = new HelloFrame(FrameCaps.Version, 0, "old", "jam", 0, new byte[32], new byte[32]);
        await stream.SendAsync(mine, ct);
        var theirs = (HelloFrame)(await stream.ReadAsync(false, ct))!;
        await stream.SendAsync(new AuthFrame(HandshakeProof.Compute(Secret, true, mine, theirs)), ct);
        Assert.That(await stream.ReadAsync(false, ct), Is.TypeOf<AuthFrame>());
        await stream.SendAsync(new PingFrame(7), ct);
        Frame? frame;
        do
        {
            frame = await stream.ReadAsync(true, ct);
            Assert.That(frame, Is.Not.TypeOf<PexFrame>());
        }
        while (frame is not PongFrame { Nonce: 7 });
    }

    /// <summary>A member of a room whose server nobody can ask.</summary>
    private sealed class Node : IAsyncDisposable, ISwarmOwner
    {
        private readonly SwarmLoop _loop;

        public Node(string id, TimeProvider? time = null)
        {
            _loop = new SwarmLoop(new SwarmSettings(), this, time ?? TimeProvider.System);
            Mesh = new Mesh(_loop, 0, time ?? TimeProvider.System, _ => { }) { Identity = new PeerIdentity(id, "jam", Secret) };
        }

        public Mesh Mesh { get; }

        public DnsEndPoint Address => new("127.0.0.1", Mesh.Port);

        public async Task UntilLinkedAsync(string peerId, CancellationToken ct)
        {
            while (Mesh.Links.All(l => l.PeerId != peerId))
            {
                ct.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Mesh.DisposeAsync();
            await _loop.DisposeAsync();
        }

        void ISwarmOwner.OnManifest(Manifest manifest)
        {
        }

        void ISwarmOwner.OnCompleted(TrackId track)
        {
        }

        void ISwarmOwner.OnDropped(PeerConnection connection, string why, bool ban)
        {
        }

        void ISwarmOwner.OnStorageProblem(TrackId track, string problem)
        {
        }
    }
}
