using Jam.Peer.Session;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Jam.Tests.Audio;
using Jam.Tests.Server;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.EndToEnd;

/// <summary>The room moves to another server while a command waits for its answer: PLAY does, where somebody is not ready.</summary>
[CancelAfter(60_000)]
internal sealed class MovedCommandTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public async Task It_is_carried_out_by_the_next_authority(CancellationToken ct)
    {
        await using var first = await TestServer.StartAsync(ct);
        await using var next = await HigherAsync(ct);
        await using var host = await StartHostAsync(first, ct);
        // As long as it stays, PLAY waits for it.
        using var slow = await WebSocketClient.JoinAsync(first.Port, Role.Viewer, "slow", ct);
        var play = await PlayAndMoveAsync(host, slow, next, ct);
        Assert.That(await play, Does.StartWith("playing"));
        await host.UntilAsync(r => r.ServerConnected && new Uri(r.Server!).Port == next.Port && r.Playback.Status == PlaybackStatus.Play, ct);
        Assert.That(host.Report.Role, Is.EqualTo(Role.Host));
    }

    [Test]
    public async Task Where_others_have_moved_the_room_meanwhile_it_is_not_and_its_sender_is_told(CancellationToken ct)
    {
        await using var first = await TestServer.StartAsync(ct);
        await using var next = await HigherAsync(ct);
        using var there = await WebSocketClient.JoinAsync(next.Port, Role.Host, "there", ct);
        await there.SayAsync(new SetTrack(new string('c', 64), "theirs.mp3", 50_000, 16_384, TrackKind.Data), ct);
        await there.SayAsync(new Play(2_000_000), ct);
        while ((await there.NextAsync<State>(ct)).Status != PlaybackStatus.Play)
        {
        }

        await using var host = await StartHostAsync(first, ct);
        // As long as it stays, PLAY waits for it.
        using var slow = await WebSocketClient.JoinAsync(first.Port, Role.Viewer, "slow", ct);
        var play = await PlayAndMoveAsync(host, slow, next, ct);
        Assert.That(async () => await play, Throws.TypeOf<JamException>().With.Message.Contains("not done").And.Message.Contains("theirs.mp3"));
        await there.SayAsync(new PeersRequest(), ct);
        while (await there.NextAsync(ct) is not Peers and var said)
            Assert.That((said as State)?.By, Is.Not.EqualTo(host.Report.PeerId));
    }

    private static async Task<JamServer> HigherAsync(CancellationToken ct)
    {
        var server = await TestServer.StartAsync(ct);
        await server.InheritAsync(new Inheritance("jam", "c2VjcmV0LXNlY3JldA==", 7, null, [], null, 0, [], []), ct);
        return server;
    }

    private async Task<TestPeer> StartHostAsync(JamServer server, CancellationToken ct)
    {
        var host = await TestPeer.StartHostAsync(
            TestPeer.Options("host", _folder.Path) with { Server = new Uri($"ws://127.0.0.1:{server.Port}"), SeedFiles = [SampleTrack.Path] }, ct);
        await host.UntilAsync(r => r.Track is { IsComplete: true }, ct);
        return host;
    }

    private static async Task<Task<string>> PlayAndMoveAsync(TestPeer host, WebSocketClient slow, JamServer next, CancellationToken ct)
    {
        await slow.SayAsync(new Ready(host.Report.Track!.TrackId, false), ct);
        await slow.SayAsync(new Ping(7), ct);
        await slow.NextAsync<Pong>(ct);
        var play = host.Session.PlayAsync(5_000_000, ct);
        while ((await slow.NextAsync<RoomStats>(ct)).WaitingFor.Count == 0)
        {
        }

        Assert.That(play.IsCompleted, Is.False);
        await slow.SayAsync(new TellRendezvous(new Rendezvous(7, next.ClockId, [$"ws://127.0.0.1:{next.Port}/ws/jam"])), ct);
        await slow.NextAsync<Rendezvous>(ct);
        return play;
    }
}
