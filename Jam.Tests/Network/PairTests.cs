using Jam.Peer.Network;
using Jam.Peer.Swarm;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>Every pair has one connection however it came about, and pairs that can have none do without.</summary>
[CancelAfter(120_000)]
internal sealed class PairTests
{
    private readonly TestTrack _track = new(60 * 1024);

    [Test]
    public async Task Everyone_dials_everyone_at_once_and_again_and_each_pair_keeps_one_connection([Range(1, 8)] int seed, CancellationToken ct)
    {
        var random = new Random(seed);
        var nodes = Enumerable.Range(0, 5).Select(i => new SwarmNode($"{(char)('a' + random.Next(26))}{i}")).ToArray();
        try
        {
            await nodes[0].SeedAsync(_track, ct);
            foreach (var node in nodes[1..])
                await node.WantAsync(_track, ct);
            var pairs = nodes.SelectMany(a => nodes.Where(b => b != a).Select(b => (a, b))).ToArray();
            // Some know of each other at the same moment, some dial by hand besides, in any order.
            random.Shuffle(pairs);
            await Task.WhenAll(pairs.Select(pair => Task.Run(async () =>
            {
                pair.a.SetMember(pair.b.Id, pair.b.Address, dialNow: true);
                await pair.a.DialAsync(pair.b, ct);
            }, ct)));
            foreach (var node in nodes[1..])
                await node.CompletedAsync(_track, ct);
            await Until.TrueAsync(() => nodes.All(IsWhole), ct, () => string.Join(' ', nodes.Select(n => n.Mesh.Links.Count)));
            // What each says of its connection to another, the other says of the same one.
            foreach (var (a, b) in pairs)
                await Until.TrueAsync(() => Ports(a, b) is { } ports && Ports(b, a) is { } back && ports == (back.Remote, back.Local), ct, () => (Ports(a, b), Ports(b, a)));
            Assert.That(nodes.SelectMany(n => n.Drops), Is.Empty);
        }
        finally
        {
            foreach (var node in nodes)
                await node.DisposeAsync();
        }

        bool IsWhole(SwarmNode node) => node.Links == nodes.Length - 1 && node.Mesh.Links.Select(l => l.PeerId).Distinct().Count() == nodes.Length - 1;

        static (int Local, int Remote)? Ports(SwarmNode from, SwarmNode to) =>
            from.Mesh.Links.SingleOrDefault(l => l.PeerId == to.Id) is { } link ? (link.LocalEndPoint.Port, link.RemoteEndPoint.Port) : null;
    }

    [Test]
    public async Task Two_that_cannot_meet_exchange_through_a_third(CancellationToken ct)
    {
        // Nobody reaches the seed or the viewer but the one between them, as on a network that keeps its clients apart.
        int seedPort = 0, viewerPort = 0;
        await using var seed = new SwarmNode("seed", connect: Refusing(() => viewerPort));
        await using var viewer = new SwarmNode("viewer", connect: Refusing(() => seedPort));
        await using var between = new SwarmNode("between");
        (seedPort, viewerPort) = (seed.Mesh.Port, viewer.Mesh.Port);
        await seed.SeedAsync(_track, ct, striped: true);
        await viewer.WantAsync(_track, ct);
        await between.WantAsync(_track, ct);
        SwarmNode[] all = [seed, viewer, between];
        foreach (var one in all)
        {
            foreach (var other in all.Where(o => o != one))
                one.SetMember(other.Id, other.Address);
        }

        await viewer.CompletedAsync(_track, ct);
        await Until.TrueAsync(() => viewer.Links == 1 && seed.Links == 1 && between.Links == 2, ct);
        Assert.That(viewer.StorageOf(_track)!.Bytes.ToArray(), Is.EqualTo(_track.Bytes));
        Assert.That(viewer.Mesh.Links.Single().PeerId, Is.EqualTo("between"));
    }

    [Test]
    public async Task Whoever_cannot_be_dialled_takes_part_over_its_own_connections(CancellationToken ct)
    {
        // Two behind a router that lets nothing in, and a host that cannot reach them either.
        var hidden = new HashSet<int>();
        Mesh.Connect connect = (addresses, time, token) => addresses.Any(a => hidden.Contains(a.Port))
            ? throw new IOException("no answer")
            : Dialer.ConnectAsync(addresses, time, token);
        await using var host = new SwarmNode("host", connect: connect, settings: new SwarmSettings { UpBytesPerSecond = 500_000 });
        await using var open = new SwarmNode("open", connect: connect);
        await using var one = new SwarmNode("one", connect: connect);
        await using var two = new SwarmNode("two", connect: connect);
        hidden.UnionWith([one.Mesh.Port, two.Mesh.Port]);
        SwarmNode[] all = [host, open, one, two];
        await host.SeedAsync(_track, ct, striped: true);
        foreach (var viewer in all[1..])
            await viewer.WantAsync(_track, ct);
        foreach (var node in all)
        {
            foreach (var other in all.Where(o => o != node))
                node.SetMember(other.Id, other.Address);
        }

        foreach (var viewer in all[1..])
            await viewer.CompletedAsync(_track, ct);
        await Until.TrueAsync(() => one.Links == 2 && two.Links == 2 && host.Links == 3, ct, () => (one.Links, two.Links, host.Links));
        Assert.That(one.Mesh.Links.Concat(two.Mesh.Links).Select(l => l.Outgoing), Has.All.True);
        // What only one of them had reached the others over the connection that it opened.
        await Until.TrueAsync(() => host.Loop.Snapshot.Tracks.TryGetValue(_track.Id, out var t) && t.BytesUp > 0, ct);
    }

    private static Mesh.Connect Refusing(Func<int> port) => (addresses, time, token) => addresses.Any(a => a.Port == port())
        ? throw new IOException("no answer (the network keeps its clients apart)")
        : Dialer.ConnectAsync(addresses, time, token);
}
