using Jam.Peer.Network;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Jam.Server.Rooms;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>Servers that hand on and take over, over real sockets; and what a disk may not hold up.</summary>
[CancelAfter(60_000)]
internal sealed class JamServerMovingTests
{
    [Test]
    public async Task A_client_looks_where_the_room_is_said_to_be_and_moves_only_to_a_higher_authority(CancellationToken ct)
    {
        await using var first = await TestServer.StartAsync(ct);
        await using var lower = await TestServer.StartAsync(ct);
        await using var higher = await TestServer.StartAsync(ct);
        await higher.InheritAsync(new Inheritance("jam", "c2VjcmV0LXNlY3JldA==", 7, null, [], null, 0, [], []), ct);
        await using var client = new RendezvousClient(
            new RendezvousOptions { Candidates = [Url(first)], BuildHello = () => new Hello(Role.Viewer, "bo") }, TimeProvider.System);
        client.Start();
        Assert.That(await NextAsync<Connected>(client, ct), Is.EqualTo(new Connected(Url(first))));
        // A place that nobody is at, one that is not above this one, and the right one.
        client.Look(Guid.NewGuid(), [new Uri("ws://127.0.0.1:9/ws/jam"), Url(higher)], comesHome: false);
        Assert.That(await NextAsync<Connected>(client, ct), Is.EqualTo(new Connected(Url(higher))));
        Assert.That(((State)(await NextAsync<Received>(client, ct)).Message).Epoch, Is.EqualTo(7));
        client.Look(Guid.NewGuid(), [Url(lower)], comesHome: false);
        client.TrySend(new Ping(5));
        while ((await NextAsync<Received>(client, ct)).Message is not Pong)
            Assert.That(client.Current, Is.EqualTo(Url(higher)));
        // Who stayed at the first server was shown the way, and so is who comes there.
        using var late = await WebSocketClient.JoinAsync(first.Port, Role.Host, "late", ct);
        var told = await late.NextAsync<Rendezvous>(ct);
        Assert.That((told.Epoch, told.AuthorityId, told.Urls[0]), Is.EqualTo((7L, higher.ClockId, Url(higher).ToString())));
        client.Look(Guid.NewGuid(), [Url(lower)], comesHome: true);
        Assert.That(await NextAsync<Connected>(client, ct), Is.EqualTo(new Connected(Url(lower), ComesHome: true)));
    }

    [Test]
    public async Task Who_was_told_of_a_server_that_is_gone_asks_again_where_the_room_is(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        var asked = 0;
        await using var client = new RendezvousClient(
            new RendezvousOptions
            {
                Candidates = [new Uri("ws://127.0.0.1:9/ws/jam")], BuildHello = () => new Hello(Role.Viewer, "bo"), FirstDelay = TimeSpan.FromMilliseconds(1),
                AskWhere = _ => ValueTask.FromResult<IReadOnlyList<Uri>>(++asked < 3 ? [] : [Url(server)]),
            },
            TimeProvider.System);
        client.Start();
        Assert.That(await NextAsync<Connected>(client, ct), Is.EqualTo(new Connected(Url(server))));
        Assert.That(asked, Is.EqualTo(3));
    }

    [Test]
    public async Task Where_a_room_is_can_be_asked_without_joining_it(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var member = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
        var asked = await RendezvousQuestion.AskAsync(Url(server), new Rendezvous(1, Guid.Empty, []), TimeProvider.System, ct);
        Assert.That((asked!.AuthorityId, asked.Members, asked.Epoch), Is.EqualTo((server.ClockId, 1, 1L)));
        Assert.That(server.RoomCount, Is.EqualTo(1));
        Assert.That(await RendezvousQuestion.AskAsync(new Uri("ws://127.0.0.1:9/ws/jam"), asked, TimeProvider.System, ct), Is.Null);
    }

    [TestCase("""{"type":"RENDEZVOUS"}""")]
    [TestCase("""{"type":"RENDEZVOUS","epoch":2,"authority_id":"x"}""")]
    [TestCase("""{"type":"RENDEZVOUS","epoch":0,"authority_id":"7d13fde1-d739-4b39-8eee-49740ac32ce6"}""")]
    [TestCase("""{"type":"RENDEZVOUS","epoch":2,"authority_id":"7d13fde1-d739-4b39-8eee-49740ac32ce6","urls":["http://a/ws/jam"]}""")]
    [TestCase("""{"type":"RENDEZVOUS","epoch":2,"authority_id":"7d13fde1-d739-4b39-8eee-49740ac32ce6","urls":["ws://u:p@a/ws/jam"]}""")]
    [TestCase("""{"type":"RENDEZVOUS","epoch":2,"authority_id":"7d13fde1-d739-4b39-8eee-49740ac32ce6","urls":"ws://a/ws/jam"}""")]
    public async Task A_word_that_makes_no_sense_is_a_bad_field(string text, CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var client = await WebSocketClient.ConnectAsync(server.Port, ct);
        await client.SayAsync(text, ct);
        Assert.That((await client.NextAsync<Error>(ct)).Code, Is.EqualTo(ErrorCodes.BadField));
    }

    [Test]
    public async Task PLAY_reaches_every_member_though_the_disk_hangs_and_no_time_passes(CancellationToken ct)
    {
        using var hangs = new ManualResetEventSlim();
        using var begun = new SemaphoreSlim(0);
        // A clock that stands still: whatever waited on a timer would wait for ever.
        var options = new JamServerOptions { Port = 0, OpenStore = () => new StuckStore(hangs, begun) };
        var server = await TestServer.StartAsync(ct, new ManualTimeProvider(), options);
        try
        {
            using var host = await WebSocketClient.JoinAsync(server.Port, Role.Host, "ana", ct);
            using var viewer = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "bo", ct);
            await begun.WaitAsync(ct);
            await host.SayAsync(new Play(5_000_000), ct);
            foreach (var member in (WebSocketClient[])[host, viewer])
                Assert.That((await member.NextAsync<State>(ct)).Status, Is.EqualTo(PlaybackStatus.Play));
            Assert.That(hangs.IsSet, Is.False);
        }
        finally
        {
            hangs.Set();
            await server.DisposeAsync();
        }
    }

    private static Uri Url(JamServer server) => new($"ws://127.0.0.1:{server.Port}/ws/jam");

    private static async Task<T> NextAsync<T>(RendezvousClient client, CancellationToken ct)
        where T : RendezvousEvent
    {
        while (true)
        {
            if (await client.Events.ReadAsync(ct) is T wanted)
                return wanted;
        }
    }

    private sealed class StuckStore(ManualResetEventSlim hangs, SemaphoreSlim begun) : IRoomStore
    {
        public IReadOnlyList<StoredRoom> Load(Action<string> tell) => [];

        public void Save(StoredRoom room)
        {
            begun.Release();
            hangs.Wait();
        }

        public void Remove(string name) => hangs.Wait();

        public void Dispose()
        {
            // It holds nothing.
        }
    }
}
