using Jam.Peer.Session;
using Jam.Server.Contracts;
using Jam.Tests.Audio;

namespace Jam.Tests.EndToEnd;

/// <summary>A host with its own server and two viewers, who have the track and hear it.</summary>
internal sealed class PlayingRoom : IAsyncDisposable
{
    /// <summary>How far the music may have moved without having jumped, microseconds: reports are taken on a busy machine.</summary>
    public const long JumpUs = 50_000;

    private readonly SessionOptions _hostOptions;

    private PlayingRoom(SessionOptions hostOptions, TestPeer host, TestPeer[] viewers)
    {
        (_hostOptions, Host, Viewers) = (hostOptions, host, viewers);
        (SwarmPort, ServerPort) = (host.Report.ListenPort, new Uri(host.Report.Server!).Port);
        Starts = [.. viewers.Select(v => v.SteadyStartUs())];
    }

    public TestPeer Host { get; }

    public IReadOnlyList<TestPeer> Viewers { get; }

    /// <summary>Where the track began, by each viewer's reckoning.</summary>
    public IReadOnlyList<long> Starts { get; }

    public int SwarmPort { get; }

    public int ServerPort { get; }

    /// <param name="folder">For caches and identities.</param>
    /// <param name="prepare">What the host asks for before it plays; null: nothing.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<PlayingRoom> StartAsync(string folder, Func<IJamSession, Task>? prepare, CancellationToken cancellationToken)
    {
        var options = TestPeer.Options("host", folder) with { SeedFiles = [SampleTrack.Path] };
        var peers = new List<TestPeer>();
        try
        {
            var host = await TestPeer.StartHostAsync(options, cancellationToken);
            peers.Add(host);
            foreach (var name in (string[])["one", "two"])
                peers.Add(await TestPeer.StartViewerAsync(TestPeer.Options(name, folder), host, cancellationToken));
            TestPeer[] viewers = [.. peers.Skip(1)];
            foreach (var viewer in viewers)
                await viewer.CompletedAsync(1, cancellationToken);
            if (prepare is not null)
                await prepare(host.Session);
            await host.Session.PlayAsync(0, cancellationToken);
            foreach (var viewer in viewers)
                await viewer.UntilAsync(r => r.Playback is { Status: PlaybackStatus.Play, Sounding: true, PositionUs: > 500_000 }, cancellationToken);
            return new PlayingRoom(options, host, viewers);
        }
        catch
        {
            foreach (var peer in peers)
                await peer.DisposeAsync();
            throw;
        }
    }

    /// <summary>Another host where the first one was.</summary>
    public Task<TestPeer> StartNextHostAsync(CancellationToken cancellationToken) =>
        TestPeer.StartHostAsync(_hostOptions with { ListenPort = SwarmPort, ServerPort = ServerPort }, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var viewer in Viewers)
            await viewer.DisposeAsync();
        await Host.DisposeAsync();
    }
}
