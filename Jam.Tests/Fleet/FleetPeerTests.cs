using Jam.Server.Contracts;
using Jam.Tests.Audio;
using Jam.Tests.EndToEnd;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.Fleet;

/// <summary>Whole peers that play while the servers of their room come and go.</summary>
[CancelAfter(120_000)]
internal sealed class FleetPeerTests
{
    private const long JumpUs = 50_000;

    [TestCase(false, TestName = "{m} that is killed")]
    [TestCase(true, TestName = "{m} that hands its rooms over")]
    public async Task Peers_that_know_one_server_play_on_and_command_at_another_after_one(bool drains, CancellationToken ct)
    {
        using var folder = new TempFolder();
        await using var fleet = await TestFleet.StartAsync(2, ct);
        var options = TestPeer.Options("host", folder.Path) with { SeedFiles = [SampleTrack.Path], Server = fleet[0].Url("jam") };
        await using var host = await TestPeer.StartHostAsync(options, ct);
        // Whoever asks the other server is sent to the first.
        await using var viewer = await TestPeer.StartAsync(TestPeer.Options("viewer", folder.Path) with { Server = fleet[1].Url("jam") }, ct);
        TestPeer[] peers = [host, viewer];
        Assert.That(new Uri(viewer.Report.Server!).Port, Is.EqualTo(fleet[0].Server.Port));
        await viewer.CompletedAsync(1, ct);
        await host.Session.PlayAsync(0, ct);
        foreach (var peer in peers)
            await peer.UntilAsync(r => r.Playback is { Status: PlaybackStatus.Play, Sounding: true, PositionUs: > 500_000 }, ct);
        var starts = peers.Select(p => p.SteadyStartUs()).ToArray();
        if (drains)
            await fleet[0].Server.DrainAsync(ct);
        else
            await fleet[0].KillAsync();
        foreach (var (i, peer) in peers.Index())
        {
            await peer.UntilAsync(r => r.ServerConnected && new Uri(r.Server!).Port == fleet[1].Server.Port && r.MembersInRoom == 2, ct);
            await peer.UntilAsync(r => r.Playback is { Status: PlaybackStatus.Play, Sounding: true } && Apart(peer.SteadyStartUs(), starts[i]) < JumpUs, ct);
            Assert.That(peer.Report.Playback.Underruns, Is.Zero);
            Assert.That(peer.Notices.Count(n => n.StartsWith("the server is gone", StringComparison.Ordinal)), Is.LessThanOrEqualTo(drains ? 0 : 1), () => string.Join('\n', peer.Notices));
        }

        Assert.That(host.Report.Role, Is.EqualTo(Role.Host));
        await host.Session.PauseAsync(ct);
        foreach (var peer in peers)
            await peer.UntilAsync(r => r.Playback.Status == PlaybackStatus.Pause, ct);
    }

    // The track begins anew every thirty seconds.
    private static double Apart(long startUs, long otherUs) => Math.Abs(Math.IEEERemainder(startUs - otherUs, 30_000_000));
}
