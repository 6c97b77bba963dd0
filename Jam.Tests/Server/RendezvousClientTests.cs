using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Jam.Peer.Network;
using Jam.Peer.Session;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Jam.Tests.Fakes;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace Jam.Tests.Server;

[TestFixture]
[CancelAfter(30_000)]
internal sealed class RendezvousClientTests
{
    [Test]
    public async Task It_connects_says_hello_and_hears_state_first(CancellationToken ct)
    {
        await using var server = await StartAsync(0, ct);
        await using var client = Client(() => new Hello(Role.Host, "ana"), server.Port);
        Assert.That(client.IsConnected, Is.False);
        client.Start();
        Assert.That(await client.Events.ReadAsync(ct), Is.EqualTo(new Connected(UrlOf(server.Port))));
        Assert.That(client.IsConnected, Is.True);
        Assert.That(client.Current, Is.EqualTo(UrlOf(server.Port)));
        Assert.That(await client.Events.ReadAsync(ct), Is.InstanceOf<Received>().With.Property("Message").InstanceOf<State>());
        Assert.That((await NextAsync<Welcome>(client, ct)).Role, Is.EqualTo(Role.Host));
    }

    [Test]
    public async Task What_it_sends_is_answered(CancellationToken ct)
    {
        await using var server = await StartAsync(0, ct);
        await using var client = Client(() => new Hello(), server.Port);
        Assert.That(client.TrySend(new Ping(1)), Is.False);
        client.Start();
        await NextAsync<Welcome>(client, ct);
        Assert.That(client.TrySend(new Play()), Is.True);
        Assert.That((await NextAsync<Error>(client, ct)).Code, Is.EqualTo(ErrorCodes.NotHost));
        client.TrySend(new Ping(7));
        Assert.That((await NextAsync<Pong>(client, ct)).Nonce, Is.EqualTo(7));
    }

    [Test]
    public async Task Where_nobody_is_it_says_so_once_with_the_reason_and_connects_when_somebody_comes(CancellationToken ct)
    {
        int port;
        await using (var gone = await StartAsync(0, ct))
            port = gone.Port;
        await using var client = Client(() => new Hello(), port);
        client.Start();
        Assert.That(await client.Events.ReadAsync(ct), Is.InstanceOf<Disconnected>().With.Property("Why").Contains("refused"));
        await using var server = await StartAsync(port, ct);
        Assert.That(await client.Events.ReadAsync(ct), Is.EqualTo(new Connected(UrlOf(port))));
    }

    [Test]
    public async Task It_learns_the_room_clock_by_itself(CancellationToken ct)
    {
        await using var server = await StartAsync(0, ct);
        await using var client = Client(() => new Hello(), server.Port);
        client.Start();
        await UntilClockIsReadyAsync(client, ct);
        Assert.That(client.Clock.ClockId, Is.EqualTo(server.ClockId));
        // Both sides read the same clock here, so the truth is known: no offset.
        Assert.That(Math.Abs(client.Clock.OffsetUs), Is.LessThan(20_000));
        Assert.That(client.Clock.RttUs, Is.GreaterThan(0));
    }

    [Test]
    public async Task It_tries_the_candidates_in_turn(CancellationToken ct)
    {
        await using var server = await StartAsync(0, ct);
        await using var client = Client(() => new Hello(), FreePort.Find(), FreePort.Find(), server.Port);
        client.Start();
        Assert.That(await client.Events.ReadAsync(ct), Is.EqualTo(new Connected(UrlOf(server.Port))));
    }

    [Test]
    public async Task It_keeps_trying_until_someone_is_there(CancellationToken ct)
    {
        var port = FreePort.Find();
        var tried = 0;
        await using var client = Client(
            () =>
            {
                tried++;
                return new Hello();
            },
            port);
        client.Start();
        await using var server = await StartAsync(port, ct);
        await NextAsync<Welcome>(client, ct);
        Assert.That(tried, Is.EqualTo(1));
    }

    [Test]
    public async Task When_the_server_returns_it_resumes_with_what_it_remembers(CancellationToken ct)
    {
        var track = new TrackInfo(RoomHarness.TrackId, "a.mp3", 5, 1024, TrackKind.Audio, 60_000_000);
        State? last = null;
        RendezvousClient? self = null;
        var first = await StartAsync(0, ct);
        await using var client = self = Client(
            () => new Hello(Role.Host, "ana", Resume: self?.Remember(last?.ToTimeline(), last?.Track)), first.Port);
        client.Start();
        await UntilClockIsReadyAsync(client, ct);
        client.TrySend(new SetTrack(track.TrackId, track.Name, 5, 1024, TrackKind.Audio, 60_000_000));
        client.TrySend(new Play(10_000_000));
        await NextAsync<State>(client, ct);
        last = await NextAsync<State>(client, ct);
        await first.DisposeAsync();
        while (await client.Events.ReadAsync(ct) is not Disconnected)
            Assert.That(client.Clock.IsReady, Is.True);
        Assert.That(client.Clock.IsReady, Is.True, "the estimate is held over");

        await using var second = await StartAsync(first.Port, ct);
        var resumed = await NextAsync<State>(client, ct);
        Assert.That((resumed.Status, resumed.Epoch, resumed.Note, resumed.ClockId), Is.EqualTo((PlaybackStatus.Play, 2L, "resumed", second.ClockId)));
        await UntilClockIsReadyAsync(client, ct, second.ClockId);
        // Both servers and this test read one clock, so where the music should be is known.
        var nowUs = TimeProvider.System.NowUs();
        Assert.That(resumed.ToTimeline().PositionAtUs(nowUs), Is.EqualTo(last.ToTimeline().PositionAtUs(nowUs)).Within(2_000_000));
    }

    [Test]
    public async Task A_server_that_refuses_is_asked_again(CancellationToken ct)
    {
        await using var full = await JamServer.StartAsync(
            new JamServerOptions { Port = 0, MaxRooms = 0 }, TimeProvider.System, NullLoggerFactory.Instance, ct);
        await using var server = await StartAsync(0, ct);
        await using var client = Client(() => new Hello(), full.Port, server.Port);
        client.Start();
        Assert.That(await client.Events.ReadAsync(ct), Is.EqualTo(new Connected(UrlOf(server.Port))));
    }

    [Test]
    public async Task Who_is_sent_away_ends_with_the_reason_and_does_not_come_back(CancellationToken ct)
    {
        await using var server = await StartAsync(0, ct);
        using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        await using var client = Client(() => new Hello(Name: "bo"), server.Port);
        client.Start();
        var welcome = await NextAsync<Welcome>(client, ct);
        await host.SayAsync(new Kick(welcome.PeerId), ct);
        var end = (await Assert.ThrowsAsync<ChannelClosedException>(() => NextAsync<Welcome>(client, ct)))?.InnerException;
        Assert.That((end as JamException)?.Message, Is.EqualTo("the host sent you away"));

        await using var again = Client(() => new Hello(Name: "bo", PeerId: welcome.PeerId, ResumeToken: welcome.ResumeToken), server.Port);
        again.Start();
        end = (await Assert.ThrowsAsync<ChannelClosedException>(() => NextAsync<Welcome>(again, ct)))?.InnerException;
        Assert.That((end as JamException)?.Message, Is.EqualTo("the host sent you away"), "nor is it let in anew");
    }

    [Test]
    public async Task Leaving_says_bye_and_ends_the_events(CancellationToken ct)
    {
        await using var server = await StartAsync(0, ct);
        using var other = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        var client = Client(() => new Hello(Name: "bo"), server.Port);
        client.Start();
        await NextAsync<Welcome>(client, ct);
        await client.DisposeAsync();
        Assert.That((await other.NextAsync<PeerLeft>(ct)).Reason, Is.EqualTo("bye"));
        while (client.Events.TryRead(out _))
            Assert.That(client.IsConnected, Is.False);
        Assert.That(client.Events.Completion.IsCompletedSuccessfully, Is.True);
    }

    [Test]
    public async Task Leaving_while_nobody_is_there_ends_at_once(CancellationToken ct)
    {
        var client = Client(() => new Hello(), FreePort.Find());
        client.Start();
        await client.DisposeAsync();
        Assert.That(await client.Events.WaitToReadAsync(ct), Is.False);
    }

    [Test]
    public async Task A_port_that_speaks_no_websocket_is_passed_over(CancellationToken ct)
    {
        using var mute = new TcpListener(IPAddress.Loopback, 0);
        mute.Start();
        await using var server = await StartAsync(0, ct);
        await using var client = Client(() => new Hello(), ((IPEndPoint)mute.LocalEndpoint).Port, server.Port);
        client.Start();
        using (var accepted = await mute.AcceptTcpClientAsync(ct))
            await accepted.GetStream().WriteAsync("nonsense\r\n\r\n"u8.ToArray(), ct);
        Assert.That(await client.Events.ReadAsync(ct), Is.EqualTo(new Connected(UrlOf(server.Port))));
    }

    [Test]
    public async Task The_server_it_is_on_under_another_address_is_no_place_to_go(CancellationToken ct)
    {
        await using var server = await StartAsync(0, ct);
        await using var other = await StartAsync(0, ct);
        Hello self = new(Name: "bo");
        await using var client = Client(() => self, server.Port);
        client.Start();
        var welcome = await NextAsync<Welcome>(client, ct);
        self = self with { PeerId = welcome.PeerId, ResumeToken = welcome.ResumeToken };
        // An authority of old is said to be there; the second place shows that the first one was looked at.
        client.Look(Guid.NewGuid(), [new UriBuilder(UrlOf(server.Port)) { Host = "localhost" }.Uri, UrlOf(other.Port)], comesHome: true);
        RendezvousEvent next;
        while ((next = await client.Events.ReadAsync(ct)) is Received { Message: not Error })
        {
        }

        Assert.That(next, Is.EqualTo(new Connected(UrlOf(other.Port), ComesHome: true)), "neither replaced nor gone");
    }

    private static Task<JamServer> StartAsync(int port, CancellationToken ct) => JamServer.StartAsync(
        new JamServerOptions { Port = port, Address = IPAddress.Loopback }, TimeProvider.System, NullLoggerFactory.Instance, ct);

    private static RendezvousClient Client(Func<Hello> buildHello, params int[] ports) => new(
        new RendezvousOptions
        {
            Candidates = [.. ports.Select(UrlOf)], BuildHello = buildHello,
            FirstDelay = TimeSpan.FromMilliseconds(20), MaxDelay = TimeSpan.FromMilliseconds(100),
        },
        TimeProvider.System);

    private static Uri UrlOf(int port) => new($"ws://127.0.0.1:{port}/ws/jam");

    private static async Task<T> NextAsync<T>(RendezvousClient client, CancellationToken ct)
        where T : ServerMessage
    {
        while (true)
        {
            if (await client.Events.ReadAsync(ct) is Received { Message: T wanted })
                return wanted;
        }
    }

    /// <summary>Lets messages go to and fro until enough probes were answered.</summary>
    private static async Task UntilClockIsReadyAsync(RendezvousClient client, CancellationToken ct, Guid? clockId = null)
    {
        while (!client.Clock.IsReady || (clockId is not null && client.Clock.ClockId != clockId))
        {
            ct.ThrowIfCancellationRequested();
            // Events are drained so that none is in the way; the loop turns as fast as they come.
            while (client.Events.TryRead(out _))
            {
            }

            await Task.Yield();
        }
    }
}
