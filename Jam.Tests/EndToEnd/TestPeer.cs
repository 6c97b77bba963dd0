using System.Collections.Concurrent;
using System.Net;
using Jam.Peer.Session;
using Jam.Server.Contracts;
using Jam.Tests.Network;

namespace Jam.Tests.EndToEnd;

/// <summary>A whole peer in this process: any port, a cache of its own, silence for sound.</summary>
internal sealed class TestPeer : IAsyncDisposable
{
    private readonly JamSession _session;
    private readonly Task _reading;
    private bool _disposed;

    private TestPeer(SessionOptions options)
    {
        _session = new JamSession(options, TimeProvider.System);
        _reading = ReadNoticesAsync();
    }

    public IJamSession Session => _session;

    public ConcurrentQueue<string> Notices { get; } = new();

    public PeerReport Report => _session.Report();

    public DnsEndPoint Address => new("127.0.0.1", Report.ListenPort);

    /// <summary>Everything but who it is and what it does.</summary>
    public static SessionOptions Options(string name, string folder) => new()
    {
        Name = name, ListenPort = 0, ServerPort = 0, Output = OutputKind.Null, CacheFolder = Path.Combine(folder, $"cache-{name}"),
        ConfigFolder = Path.Combine(folder, $"config-{name}"), SaveFolder = Path.Combine(folder, $"saved-{name}"),
    };

    public static async Task<TestPeer> StartAsync(SessionOptions options, CancellationToken cancellationToken)
    {
        var peer = new TestPeer(options);
        try
        {
            await peer._session.StartAsync(cancellationToken);
            await peer.UntilAsync(r => r.PeerId is not null && r.ServerConnected, cancellationToken);
            return peer;
        }
        catch
        {
            await peer.DisposeAsync();
            throw;
        }
    }

    public static Task<TestPeer> StartHostAsync(SessionOptions options, CancellationToken cancellationToken) =>
        StartAsync(options with { Role = Role.Host }, cancellationToken);

    /// <summary>A viewer that knows one address, as people type it.</summary>
    public static Task<TestPeer> StartViewerAsync(SessionOptions options, TestPeer through, CancellationToken cancellationToken) =>
        StartAsync(options with { Connect = [through.Address] }, cancellationToken);

    /// <summary>Waits until the report says something; fails with the last report and what people were told.</summary>
    public Task UntilAsync(Func<PeerReport, bool> condition, CancellationToken cancellationToken) => Until.TrueAsync(
        () =>
        {
            if (_session.Completion is { IsFaulted: true, Exception: { } fault })
                throw fault;
            return condition(Report);
        },
        cancellationToken, () => $"{Report}\n{Report.Track}\n{Report.Playback}\n{string.Join('\n', Notices)}");

    /// <summary>Waits until every track of the list, at least so many, is here and saved.</summary>
    public Task CompletedAsync(int tracks, CancellationToken cancellationToken) =>
        UntilAsync(r => r.Playlist.Count >= tracks && r.Playlist.All(t => t is { IsComplete: true, SavedAs: not null }), cancellationToken);

    /// <summary>
    /// Where the track began by this peer's reckoning, on the clock that all peers of this process share: the same for all that
    /// play together, and the same for ever while nothing changes.
    /// </summary>
    public static long StartUs(PeerReport report) => report.AtUs - report.Playback.PositionUs;

    /// <summary>As above, from several reports: one may be taken while the machine is busy elsewhere.</summary>
    public long SteadyStartUs() => Enumerable.Range(0, 7).Select(_ => StartUs(Report)).Order().ElementAt(3);

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        await _session.DisposeAsync();
        await _reading;
    }

    private async Task ReadNoticesAsync()
    {
        await foreach (var line in _session.Notices)
            Notices.Enqueue(line);
    }
}
