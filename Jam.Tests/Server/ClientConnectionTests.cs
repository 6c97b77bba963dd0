using Jam.Server.Contracts;
using Jam.Server.Doors;
using Jam.Server.Hosting;
using Jam.Tests.Fakes;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace Jam.Tests.Server;

[TestFixture]
[CancelAfter(30_000)]
internal sealed class ClientConnectionTests
{
    private sealed class NoRooms : IRoomHub
    {
        public Guid ClockId => Guid.Empty;

        public ValueTask TakeAsync(ClientConnection connection, ClientMessage message, CancellationToken cancellationToken) => default;
    }

    [Test]
    public async Task Who_hears_STATE_counts_as_one_who_has_said_HELLO(CancellationToken ct)
    {
        await using var hub = new RoomHub(Guid.NewGuid(), new JamServerOptions(), new ManualTimeProvider(), NullLogger.Instance);
        using var socket = new SinkWebSocket();
        using var connection = new ClientConnection(1, "jam", null, socket, hub, new JamServerOptions(), new ManualTimeProvider());
        var isKnown = new List<bool>();
        socket.OnSend = () => isKnown.Add(connection.View is not null);
        await hub.TakeAsync(connection, new Hello(Role.Viewer, "bo"), ct);
        Assert.That(isKnown, Has.Count.AtLeast(3).And.All.True);
    }

    [Test]
    public async Task Who_does_not_read_is_told_so_and_cut_off(CancellationToken ct)
    {
        using var socket = new StuckWebSocket();
        using var connection = new ClientConnection(1, "jam", null, socket, new NoRooms(), new JamServerOptions(), new ManualTimeProvider());
        var running = connection.RunAsync(ct);
        connection.Send(new Pong(0));
        await socket.Stuck;
        for (var i = 1; i <= 257; i++)
            connection.Send(new Pong(i));
        socket.Release();
        await running;
        // The one that hung, then the last word: what waited is not sent to someone who is told to go.
        Assert.That(socket.Sent.Select(utf8 => ControlCodec.ParseServer(utf8).Message), Is.EqualTo(new ServerMessage[]
        {
            new Pong(0), new Error(ErrorCodes.SlowReader, "messages for you were not read in time", true),
        }));
    }

    [Test]
    public async Task A_full_queue_is_still_no_reason_to_close(CancellationToken ct)
    {
        using var socket = new StuckWebSocket();
        using var connection = new ClientConnection(1, "jam", null, socket, new NoRooms(), new JamServerOptions(), new ManualTimeProvider());
        var running = connection.RunAsync(ct);
        connection.Send(new Pong(0));
        await socket.Stuck;
        for (var i = 1; i <= 255; i++)
            connection.Send(new Pong(i));
        connection.HangUp();
        socket.Release();
        await running;
        Assert.That(socket.Sent.Select(utf8 => ((Pong)ControlCodec.ParseServer(utf8).Message!).Nonce), Is.EqualTo(Enumerable.Range(0, 256)));
    }

    [Test]
    public async Task Who_never_reads_again_is_cut_off_after_two_seconds(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        using var socket = new StuckWebSocket();
        using var connection = new ClientConnection(1, "jam", null, socket, new NoRooms(), new JamServerOptions(), time);
        var running = connection.RunAsync(ct);
        connection.Send(new Pong(0));
        await socket.Stuck;
        for (var i = 1; i <= 257; i++)
            connection.Send(new Pong(i));
        time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.That(running.IsCompleted, Is.False);
        time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.That(await running, Is.EqualTo("lost").Or.EqualTo("left"));
        Assert.That(socket.IsAborted, Is.True);
    }

    [Test]
    public void A_token_bucket_gives_its_burst_and_then_its_rate()
    {
        var bucket = new TokenBucket(200, 400, 0);
        Assert.That(Enumerable.Range(0, 400).All(_ => bucket.TryTake(0)), Is.True);
        Assert.That(bucket.TryTake(4_999), Is.False);
        Assert.That(bucket.TryTake(5_000), Is.True);
        Assert.That(bucket.TryTake(5_000), Is.False);
        Assert.That(Enumerable.Range(0, 401).Count(_ => bucket.TryTake(long.MaxValue / 2)), Is.EqualTo(400));
    }
}
