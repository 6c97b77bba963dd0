using System.Net;
using Jam.Peer.Network;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Jam.Tests.Fakes;
using Jam.Tests.Fleet;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>A client that is on its way to a server when something else happens: it dials nobody twice.</summary>
[TestFixture]
[CancelAfter(30_000)]
internal sealed class RendezvousGoingOverTests
{
    [Test]
    public async Task Who_is_half_over_to_another_server_when_its_own_hangs_up_arrives_there_without_a_word_of_loss(CancellationToken ct)
    {
        var opens = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var next = await StartAsync(ct);
        await using var way = new Turnstile(next.Port, opens.Task);
        var first = await StartAsync(ct);
        await using var client = Client(first.Port);
        client.Start();
        Assert.That(await client.Events.ReadAsync(ct), Is.EqualTo(new Connected(UrlOf(first.Port))));
        client.Look(next.ClockId, [UrlOf(way.Port)], comesHome: true);
        await way.Arrival.WaitAsync(ct);
        await first.DisposeAsync();
        while (client.IsConnected)
            await Task.Yield();
        opens.SetResult();
        Assert.That(await NextAsync(client, ct), Is.EqualTo(new Connected(UrlOf(way.Port), ComesHome: true)));
        Assert.That(way.Arrivals, Is.EqualTo(1));
    }

    [Test]
    public async Task Who_is_told_of_a_server_that_it_dials_already_goes_on_with_that(CancellationToken ct)
    {
        var opens = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await StartAsync(ct);
        await using var way = new Turnstile(server.Port, opens.Task);
        await using var client = Client(way.Port);
        client.Start();
        await way.Arrival.WaitAsync(ct);
        client.Look(server.ClockId, [UrlOf(way.Port)], comesHome: false);
        opens.SetResult();
        Assert.That(await NextAsync(client, ct), Is.EqualTo(new Connected(UrlOf(way.Port))));
        Assert.That(way.Arrivals, Is.EqualTo(1));
    }

    [Test]
    public async Task Who_dials_in_vain_looks_next_where_it_was_told_meanwhile(CancellationToken ct)
    {
        var opens = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await StartAsync(ct);
        await using var way = new Turnstile(server.Port, opens.Task);
        way.Cut();
        await using var client = Client(way.Port);
        client.Start();
        await way.Arrival.WaitAsync(ct);
        client.Look(server.ClockId, [UrlOf(way.Port), UrlOf(server.Port)], comesHome: false);
        opens.SetResult();
        RendezvousEvent found;
        while ((found = await NextAsync(client, ct)) is Disconnected)
            continue;
        Assert.That(found, Is.EqualTo(new Connected(UrlOf(server.Port))));
    }

    // Its clock stands, so that nothing is given up for want of time.
    private static RendezvousClient Client(int port) => new(
        new RendezvousOptions { Candidates = [UrlOf(port)], BuildHello = () => new Hello(Name: "bo") }, new ManualTimeProvider());

    private static Task<JamServer> StartAsync(CancellationToken ct) => JamServer.StartAsync(
        new JamServerOptions { Port = 0, Address = IPAddress.Loopback }, TimeProvider.System, NullLoggerFactory.Instance, ct);

    private static Uri UrlOf(int port) => new($"ws://127.0.0.1:{port}/ws/jam");

    private static async Task<RendezvousEvent> NextAsync(RendezvousClient client, CancellationToken ct)
    {
        RendezvousEvent next;
        while ((next = await client.Events.ReadAsync(ct)) is Received)
            continue;
        return next;
    }
}
