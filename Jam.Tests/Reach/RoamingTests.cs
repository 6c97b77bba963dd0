using System.Net;
using Jam.Peer.Network;
using Jam.Server.Contracts;
using Jam.Tests.Fakes;
using Jam.Tests.Network;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.Reach;

/// <summary>A machine that changes its address is back at once, not when its dead connections are found to be dead.</summary>
[CancelAfter(60_000)]
internal sealed class RoamingTests
{
    private static readonly IPAddress Here = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress There = IPAddress.Parse("198.51.100.1");

    [Test]
    public async Task Other_addresses_are_told_once_they_have_settled(CancellationToken ct)
    {
        var (time, now) = (new ManualTimeProvider(), new[] { Here });
        var told = new TaskCompletionSource<IReadOnlyCollection<IPAddress>>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var watch = new AddressWatch(() => now, a => told.TrySetResult(a), time);
        now = [];
        watch.Look();
        await Until.TrueAsync(() => time.NextTimerUs is not null, ct);
        time.Advance(AddressWatch.Settle - TimeSpan.FromMilliseconds(1));
        Assert.That(told.Task.IsCompleted, Is.False);
        now = [There];
        watch.Look();
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.That(await told.Task.WaitAsync(ct), Is.EqualTo(new[] { There }));
    }

    [Test]
    public async Task An_address_that_comes_back_at_once_is_no_change(CancellationToken ct)
    {
        var (time, now, told, looks) = (new ManualTimeProvider(), new[] { Here }, 0, 0);
        await using var watch = new AddressWatch(
            () =>
            {
                Interlocked.Increment(ref looks);
                return now;
            },
            _ => told++, time);
        for (var round = 1; round <= 3; round++)
        {
            watch.Look();
            await Until.TrueAsync(() => time.NextTimerUs is not null, ct);
            time.Advance(AddressWatch.Settle);
            await Until.TrueAsync(() => Volatile.Read(ref looks) == round + 1, ct);
        }

        Assert.That(told, Is.Zero);
    }

    [Test]
    public async Task Connections_from_an_address_that_is_gone_are_made_anew_and_the_transfer_goes_on(CancellationToken ct)
    {
        var track = new TestTrack(400 * 1024);
        await using var ana = new SwarmNode("ana", settings: new Jam.Peer.Swarm.SwarmSettings { UpBytesPerSecond = 400_000 });
        await using var bo = new SwarmNode("bo");
        await ana.SeedAsync(track, ct);
        await bo.WantAsync(track, ct);
        ana.SetMember("bo", bo.Address, dialNow: false);
        bo.SetMember("ana", ana.Address);
        await Until.TrueAsync(() => bo.StorageOf(track)?.Have().Count > 5, ct);
        var old = bo.Mesh.Links.Single();
        bo.Mesh.OnAddressesChanged(_ => true);
        await Until.TrueAsync(() => bo.Mesh.Links is [var link] && link != old, ct, () => string.Join('\n', bo.Notices));
        Assert.That(bo.StorageOf(track)!.IsComplete, Is.False, "it was in the middle");
        await bo.CompletedAsync(track, ct);
        Assert.That(ana.Drops.Concat(bo.Drops), Is.Empty);
    }

    [Test]
    public async Task Whoever_waits_for_its_next_attempt_dials_at_once_from_the_new_address(CancellationToken ct)
    {
        // Time stands still: whatever is dialled twice has not waited.
        var time = new ManualTimeProvider();
        var attempts = 0;
        await using var ana = new SwarmNode("ana", time);
        await using var bo = new SwarmNode("bo", time, connect: (addresses, provider, token) => Interlocked.Increment(ref attempts) == 1
            ? throw new IOException("there is no way to that network")
            : Dialer.ConnectAsync(addresses, provider, token));
        bo.SetMember("ana", ana.Address);
        await Until.TrueAsync(() => time.NextTimerUs < time.NowUs() + 2_000_000 && Volatile.Read(ref attempts) == 1, ct);
        bo.Mesh.OnAddressesChanged(_ => false);
        await Until.TrueAsync(() => bo.Mesh.Links.Count == 1, ct);
    }

    [Test]
    public async Task A_connection_in_doubt_ends_after_two_seconds_unless_it_answers(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        await using var ana = new SwarmNode("ana", time);
        await using var mute = await WirePeer.JoinAsync(ana, "mute", ct);
        await using var alive = await WirePeer.JoinAsync(ana, "alive", ct);
        await Until.TrueAsync(() => ana.Mesh.Links.Count == 2, ct);
        time.Advance(TimeSpan.FromMilliseconds(100));
        ana.Mesh.OnAddressesChanged(_ => false);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await alive.IsAliveAsync(ct), Is.True);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.That(await mute.EndAsync(ct), Is.EqualTo("it does not answer any more"));
        Assert.That(await alive.IsAliveAsync(ct), Is.True);
    }

    [Test]
    public async Task Whoever_moved_gets_in_though_its_dead_connection_stands_here(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        await using var ana = new SwarmNode("ana", time);
        await using var bo = new SwarmNode("bo", time);
        // The one with the lower id dialled, which is what stays where both dial at once.
        var first = await ana.DialAsync(bo, ct);
        await Until.TrueAsync(() => bo.Mesh.Links.Count == 1, ct);
        time.Advance(TimeSpan.FromSeconds(11));
        await using var moved = await WirePeer.JoinAsync(ana, "bo", ct, WirePeer.Elsewhere);
        Assert.That(await moved.IsAliveAsync(ct), Is.True);
        Assert.That(ana.Mesh.Links.Single(), Is.Not.EqualTo(first));
    }

    [Test]
    public async Task A_member_whose_address_changed_is_doubted(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        await using var ana = new SwarmNode("ana", time);
        ana.SetMember("bo", new IPEndPoint(Here, 9003), dialNow: false);
        await using var bo = await WirePeer.JoinAsync(ana, "bo", ct);
        await Until.TrueAsync(() => ana.Mesh.Links.Count == 1, ct);
        time.Advance(TimeSpan.FromMilliseconds(100));
        ana.SetMember("bo", new IPEndPoint(There, 9003), dialNow: false);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.That(await bo.EndAsync(ct), Is.EqualTo("it does not answer any more"));
    }

    [Test]
    public async Task The_rendezvous_and_through_it_everyone_hears_of_the_new_addresses_at_once_under_the_same_id(CancellationToken ct)
    {
        await using var server = await Jam.Server.Hosting.JamServer.StartAsync(
            new Jam.Server.Hosting.JamServerOptions { Port = 0, Address = IPAddress.Loopback }, TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, ct);
        var url = new Uri($"ws://127.0.0.1:{server.Port}/ws/jam");
        await using var other = new RendezvousClient(new RendezvousOptions { Candidates = [url], BuildHello = () => new Hello() }, TimeProvider.System);
        other.Start();
        await NextAsync<Welcome>(other, ct);
        var (addresses, welcome) = (new[] { "192.0.2.1:9003" }, (Welcome?)null);
        await using var mover = new RendezvousClient(
            new RendezvousOptions
            {
                Candidates = [url], BuildHello = () => new Hello(Role.Viewer, "mover", welcome?.PeerId, addresses, 9003, welcome?.ResumeToken),
            },
            TimeProvider.System);
        mover.Start();
        welcome = await NextAsync<Welcome>(mover, ct);
        Assert.That((await NextAsync<PeerJoined>(other, ct)).Member.Addresses, Is.EqualTo(addresses));
        addresses = ["198.51.100.1:9003"];
        mover.Renew();
        Assert.That((await NextAsync<Welcome>(mover, ct)).PeerId, Is.EqualTo(welcome.PeerId));
        var joined = (await NextAsync<PeerJoined>(other, ct)).Member;
        Assert.That((joined.PeerId, joined.Name), Is.EqualTo((welcome.PeerId, "mover")));
        Assert.That(joined.Addresses, Is.EqualTo(addresses));
    }

    private static async Task<T> NextAsync<T>(RendezvousClient client, CancellationToken cancellationToken)
        where T : ServerMessage
    {
        while (true)
        {
            if (await client.Events.ReadAsync(cancellationToken) is Received { Message: T message })
                return message;
        }
    }
}
