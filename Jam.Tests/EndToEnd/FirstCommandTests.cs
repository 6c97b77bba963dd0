using Jam.Peer.Session;
using Jam.Server.Contracts;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.EndToEnd;

/// <summary>A command that comes before the peer is in its room waits for that.</summary>
[CancelAfter(60_000)]
internal sealed class FirstCommandTests
{
    [Test]
    public async Task What_is_typed_the_moment_a_host_has_started_is_done(CancellationToken ct)
    {
        using var folder = new TempFolder();
        await using var host = new JamSession(TestPeer.Options("host", folder.Path) with { Role = Role.Host }, TimeProvider.System);
        await host.StartAsync(ct);
        await host.Room.AskAsync(new Metronome(true), ct);
        Assert.That(host.Report().ServerConnected, Is.True);
    }
}
