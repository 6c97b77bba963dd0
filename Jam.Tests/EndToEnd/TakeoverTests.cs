using Jam.Server.Contracts;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.EndToEnd;

/// <summary>The server goes for good, and a peer takes its place. These take the eight seconds that are waited for it.</summary>
[CancelAfter(120_000)]
internal sealed class TakeoverTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public async Task When_host_and_server_are_gone_for_good_a_viewer_takes_the_room_over_and_who_comes_back_is_handed_on(CancellationToken ct)
    {
        await using var room = await PlayingRoom.StartAsync(
            _folder.Path,
            async host =>
            {
                await host.Room.AskAsync(new SetTempo(97), ct);
                await host.Room.AskAsync(new SetPolicy(OnHostLoss: HostLoss.Promote), ct);
                await host.Room.AskAsync(new Queue(QueueActions.Repeat, Repeat: Repeat.One), ct);
            },
            ct);
        var (viewers, starts) = (room.Viewers, room.Starts);
        var ids = viewers.Select(v => v.Report.PeerId).ToArray();

        await room.Host.DisposeAsync();
        foreach (var viewer in viewers)
            await viewer.UntilAsync(r => r.ServerConnected && new Uri(r.Server!).Port != room.ServerPort && r.MembersInRoom == 2, ct);
        foreach (var viewer in viewers)
            await viewer.UntilAsync(_ => viewers.Count(v => v.Report.Role == Role.Host) == 1, ct);
        foreach (var (i, viewer) in viewers.Index())
        {
            await viewer.UntilAsync(
                r => r.Playback is { Status: PlaybackStatus.Play, Sounding: true } && Apart(viewer.SteadyStartUs(), starts[i]) < PlayingRoom.JumpUs, ct);
            // Lines for people come behind what they tell of, on a loop of their own.
            await viewer.UntilAsync(_ => viewer.Notices.Any(IsTakeover), ct);
            Assert.That(viewer.Report.PeerId, Is.EqualTo(ids[i]));
            Assert.That(viewer.Report.Links, Has.Count.EqualTo(1), "links outlive the server");
            Assert.That(viewer.Notices.Count(IsTakeover), Is.EqualTo(1), () => string.Join('\n', viewer.Notices));
            Assert.That(viewer.Notices.Count(n => n.StartsWith("the server is gone (", StringComparison.Ordinal)), Is.EqualTo(1), () => string.Join('\n', viewer.Notices));
            Assert.That(viewer.Notices.Count(n => n.Contains(" joined", StringComparison.Ordinal)), Is.LessThanOrEqualTo(1), () => string.Join('\n', viewer.Notices));
            Assert.That(viewer.Session.Room.Describe().Tempo?.Bpm, Is.EqualTo(97));
        }

        // Its old place knows nothing of the room, and is told.
        await using var next = await room.StartNextHostAsync(ct);
        await next.UntilAsync(r => r is { ServerConnected: true, MembersInRoom: 3, Playback: { Status: PlaybackStatus.Play, Sounding: true } }, ct);
        await next.UntilAsync(_ => Apart(next.SteadyStartUs(), starts[0]) < PlayingRoom.JumpUs, ct);

        var leader = viewers.Single(v => v.Report.Role == Role.Host);
        await leader.Session.PauseAsync(ct);
        foreach (var peer in viewers.Append(next))
            await peer.UntilAsync(r => r.Playback.Status == PlaybackStatus.Pause, ct);
    }

    // The track begins anew every thirty seconds.
    private static double Apart(long startUs, long otherUs) => Math.Abs(Math.IEEERemainder(startUs - otherUs, 30_000_000));

    private static bool IsTakeover(string notice) =>
        notice.Contains("takes the room over", StringComparison.Ordinal) || notice.Contains("has taken the room over", StringComparison.Ordinal);
}
