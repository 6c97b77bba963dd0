using Jam.Server.Contracts;
using Jam.Tests.Fakes;
using Jam.Tests.Server;
using NUnit.Framework;

namespace Jam.Tests.Fleet;

/// <summary>A server that passes frames on to the one that keeps the room.</summary>
[CancelAfter(60_000)]
internal sealed class FleetProxyTests
{
    [Test]
    public async Task With_proxy_frames_are_passed_on_in_both_directions_until_the_end(CancellationToken ct)
    {
        await using var fleet = await TestFleet.StartAsync(2, ct, isProxy: true);
        using var host = await WebSocketClient.JoinAsync(fleet[0].Server.Port, Role.Host, "ana", ct);
        using var far = await WebSocketClient.ConnectAsync(fleet[1].Server.Port, ct);
        await far.SayAsync(new Hello(Role.Viewer, "bo", ListenPort: 9003), ct);
        Assert.That((await far.NextAsync<State>(ct)).ClockId, Is.EqualTo(fleet[0].Server.ClockId));
        var joined = await host.NextAsync<PeerJoined>(ct);
        Assert.That((joined.Member.Name, joined.Member.Addresses[0]), Is.EqualTo(("bo", "127.0.0.1:9003")));
        await host.SayAsync(new Play(5_000_000), ct);
        while ((await far.NextAsync<State>(ct)).Status != PlaybackStatus.Play)
            continue;
        await far.SayAsync(new Bye(), ct);
        Assert.That(await far.LastErrorAsync(ct), Is.Null);
        Assert.That((await host.NextAsync<PeerLeft>(ct)).Reason, Is.EqualTo("bye"));
        Assert.That(fleet[1].Server.RoomCount, Is.Zero);
    }

    [Test]
    public async Task A_page_is_passed_on_by_its_own_server_wherever_its_room_is(CancellationToken ct)
    {
        await using var fleet = await TestFleet.StartAsync(2, ct);
        using var host = await WebSocketClient.JoinAsync(fleet[0].Server.Port, Role.Host, "ana", ct);
        using var page = await WebSocketClient.ConnectAsync(fleet[1].Server.Port, ct, origin: $"http://127.0.0.1:{fleet[1].Server.Port}");
        await page.SayAsync(new Hello(Role.Viewer, "bo"), ct);
        Assert.That((await page.NextAsync<State>(ct)).ClockId, Is.EqualTo(fleet[0].Server.ClockId));
    }

    [Test]
    public async Task An_owner_that_cannot_be_reached_is_named_once_with_the_reason(CancellationToken ct)
    {
        await using var fleet = await TestFleet.StartAsync(0, ct);
        var nowhere = $"ws://127.0.0.1:{FreePort.Find()}";
        var owner = await fleet.AddAsync(ct, url: nowhere);
        using var host = await WebSocketClient.JoinAsync(owner.Server.Port, Role.Host, "ana", ct);
        var proxy = await fleet.AddAsync(ct, isProxy: true);
        await proxy.SeesAsync(2, ct);
        for (var i = 0; i < 3; i++)
        {
            using var far = await WebSocketClient.ConnectAsync(proxy.Server.Port, ct);
            await far.SayAsync(new Hello(Role.Viewer, "bo"), ct);
            Assert.That(await far.LastErrorAsync(ct), Is.EqualTo(ErrorCodes.Moving));
        }

        var said = fleet.Log.Text.Split('\n').Where(line => line.Contains("cannot be reached from here", StringComparison.Ordinal)).ToArray();
        Assert.That(said, Has.Length.EqualTo(1));
        Assert.That(said[0], Does.Contain(nowhere).And.Contain("refused"));
    }
}
