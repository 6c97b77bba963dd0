using System.Net.WebSockets;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Server;

[TestFixtureSource(typeof(JamServer), nameof(JamServer.Listeners))]
[CancelAfter(30_000)]
internal sealed class JamServerLimitsTests(ListenerKind listener)
{
    private ListenerUnderTest TestServer { get; } = new(listener);

    [Test]
    public async Task A_message_before_hello_is_an_error_and_the_connection_stays(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var client = await WebSocketClient.ConnectAsync(server.Port, ct);
        foreach (var message in (ClientMessage[])[new Play(), new Ping(), new Bye()])
        {
            await client.SayAsync(message, ct);
            Assert.That((await client.NextAsync<Error>(ct)).Code, Is.EqualTo(ErrorCodes.HelloFirst));
        }

        await client.SayAsync(new Hello(), ct);
        Assert.That(await client.NextAsync(ct), Is.InstanceOf<State>());
    }

    [Test]
    public async Task A_probe_before_hello_tells_the_clock_and_nothing_else(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var client = await WebSocketClient.ConnectAsync(server.Port, ct);
        await client.SayAsync(new SyncRequest(7), ct);
        var answer = await client.NextAsync<SyncResponse>(ct);
        Assert.That((answer.T1Us, answer.ClockId, answer.TrackId, answer.PositionUs), Is.EqualTo((7, server.ClockId, (string?)null, 0)));
        await client.SayAsync(new Hello(), ct);
        Assert.That(await client.NextAsync(ct), Is.InstanceOf<State>());
    }

    [Test]
    public async Task Wrong_messages_are_answered_and_twenty_of_them_close(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var client = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "ana", ct);
        string[] wrong = ["{", "null", """{"type":"NOPE"}""", """{"type":"SEEK","offset_sec":"x"}"""];
        for (var i = 0; i < 20; i++)
        {
            await client.SayAsync(wrong[i % 4], ct);
            Assert.That((await client.NextAsync<Error>(ct)).Code, Is.AnyOf(ErrorCodes.BadJson, ErrorCodes.UnknownType, ErrorCodes.BadField));
        }

        Assert.That(await client.LastErrorAsync(ct), Is.EqualTo(ErrorCodes.TooManyErrors));
        Assert.That(client.Socket.CloseStatus, Is.EqualTo(WebSocketCloseStatus.PolicyViolation));
    }

    [TestCase(Limits.MaxMessageBytes + 1)]
    [TestCase(5_000_000)]
    public async Task A_message_over_the_cap_is_an_error_and_closes(int bytes, CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var client = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "ana", ct);
        var closing = client.LastErrorAsync(ct);
        await client.SayAsync(new string(' ', bytes), ct);
        Assert.That(await closing, Is.EqualTo(ErrorCodes.TooLarge));
    }

    [Test]
    public async Task A_message_of_exactly_the_cap_is_read(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var client = await WebSocketClient.ConnectAsync(server.Port, ct);
        await client.SayAsync("""{"type":"HELLO"}""".PadRight(Limits.MaxMessageBytes), ct);
        Assert.That(await client.NextAsync(ct), Is.InstanceOf<State>());
    }

    [Test]
    public async Task A_missing_hello_ends_the_connection_after_twenty_seconds(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        await using var server = await TestServer.StartAsync(ct, time);
        using var client = await WebSocketClient.ConnectAsync(server.Port, ct);
        // The answer shows that the connection runs, so its timer is set.
        await client.SayAsync(new Ping(), ct);
        await client.NextAsync<Error>(ct);
        time.Advance(TimeSpan.FromSeconds(19.9));
        await client.SayAsync(new Ping(), ct);
        Assert.That((await client.NextAsync<Error>(ct)).Code, Is.EqualTo(ErrorCodes.HelloFirst));
        time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.That(await client.LastErrorAsync(ct), Is.EqualTo(ErrorCodes.HelloTimeout));
    }

    [Test]
    public async Task Too_many_messages_a_second_end_the_connection(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct, new ManualTimeProvider());
        using var client = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "ana", ct);
        for (var i = 0; i < 400; i++)
            await client.SayAsync(new Stats(new MemberStats()), ct);
        Assert.That(await client.LastErrorAsync(ct), Is.EqualTo(ErrorCodes.Rate));
    }

    [Test]
    public async Task Random_bytes_never_bring_it_down(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        var random = new Random(20251108);
        for (var round = 0; round < 20; round++)
        {
            using var client = await WebSocketClient.ConnectAsync(server.Port, ct);
            await client.SayAsync(new Hello(), ct);
            for (var i = 0; i < 19; i++)
            {
                var bytes = new byte[random.Next(0, 300)];
                random.NextBytes(bytes);
                await client.Socket.SendAsync(bytes, WebSocketMessageType.Binary, true, ct);
            }

            await client.SayAsync("{", ct);
            Assert.That(await client.LastErrorAsync(ct), Is.EqualTo(ErrorCodes.TooManyErrors));
        }
    }
}
