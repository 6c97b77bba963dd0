using System.Net;
using Jam.Peer.Cli.Options;
using Jam.Peer.Network;
using Jam.Peer.Session;
using Jam.Peer.Wire;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Jam.Tests.Network;
using Jam.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace Jam.Tests.EndToEnd;

/// <summary>Whole peers that find each other in other ways than the usual one.</summary>
[CancelAfter(90_000)]
internal sealed class ReachTests
{
    private static readonly TestPattern Pattern = new(60, 4096);

    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public async Task A_room_is_joined_and_its_track_fetched_over_IPv6(CancellationToken ct)
    {
        await using var host = await TestPeer.StartHostAsync(TestPeer.Options("host", _folder.Path) with { TestPattern = Pattern }, ct);
        var (typed, wrong) = PeerAddress.Parse($"[::1]:{host.Report.ListenPort}");
        Assert.That(wrong, Is.Null);
        await using var viewer = await TestPeer.StartAsync(TestPeer.Options("viewer", _folder.Path) with { Connect = [typed!] }, ct);
        Assert.That(new Uri(viewer.Report.Server!).Host, Is.EqualTo("[::1]"));
        await viewer.CompletedAsync(1, ct);
        // And a command of people's, over the same family.
        Assert.That(await viewer.Session.LeaveAsync(new DnsEndPoint("127.0.0.1", typed!.Port), ct), Does.StartWith("left"));
        await viewer.UntilAsync(r => r.Links.Count == 0, ct);
        Assert.That(await viewer.Session.JoinAsync(typed, ct), Does.StartWith($"connected to host at [::1]:{typed.Port}"));
        Assert.That(await viewer.Session.LeaveAsync(typed, ct), Does.StartWith("left ::1"));
    }

    [Test]
    public async Task With_the_server_gone_whoever_knows_one_address_finds_all_and_gets_the_track(CancellationToken ct)
    {
        var server = await JamServer.StartAsync(
            new JamServerOptions { Port = 0, Address = IPAddress.Loopback }, TimeProvider.System, NullLoggerFactory.Instance, ct);
        var url = new Uri($"ws://127.0.0.1:{server.Port}");
        await using var host = await TestPeer.StartHostAsync(Options("host") with { TestPattern = Pattern }, ct);
        await using var one = await TestPeer.StartAsync(Options("one"), ct);
        await using var two = await TestPeer.StartAsync(Options("two"), ct);
        TestPeer[] peers = [host, one, two];
        var welcome = await WelcomeAsync();
        await server.DisposeAsync();
        foreach (var peer in peers)
            await peer.UntilAsync(r => !r.ServerConnected && r.Links.Count == 2, ct);

        await using var late = new SwarmNode(welcome.PeerId, secret: Convert.FromBase64String(welcome.RoomSecret));
        late.Mesh.IsRoomReachable = false;
        await late.Mesh.DialAsync(one.Address, ct);
        var ids = peers.Select(p => p.Report.PeerId!).Order().ToArray();
        await Until.TrueAsync(() => late.Mesh.Links.Select(l => l.PeerId).Order().SequenceEqual(ids), ct, () => late.Links);
        var track = host.Report.Track!;
        Assert.That(TrackId.TryParse(track.TrackId, out var id), Is.True);
        await late.Loop.PostAsync(new WantEvent(id, 0), ct);
        await Until.TrueAsync(() => late.Loop.Snapshot.Tracks.TryGetValue(id, out var t) && t.ChunksHave == Pattern.Chunks, ct);

        SessionOptions Options(string name) => TestPeer.Options(name, _folder.Path) with { Server = url };

        async Task<Welcome> WelcomeAsync()
        {
            await using var client = new RendezvousClient(
                new RendezvousOptions { Candidates = [new Uri(url, "/ws/jam")], BuildHello = () => new Hello(Role.Viewer, "late") }, TimeProvider.System);
            client.Start();
            while (true)
            {
                if (await client.Events.ReadAsync(ct) is Received { Message: Welcome welcomed })
                    return welcomed;
            }
        }
    }
}
