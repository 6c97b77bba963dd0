using System.Net;
using System.Threading.Channels;
using Jam.Peer.Session;
using Jam.Server.Contracts;
using Microsoft.Extensions.Logging;

namespace Jam.Tests.Fakes;

/// <summary>A session that does nothing but remember what it was asked.</summary>
internal sealed class FakeSession : IJamSession
{
    private readonly Channel<string> notices = Channel.CreateUnbounded<string>();
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly FakeRoom _room = new();

    public List<string> Calls { get; } = [];

    /// <summary>What the room was asked.</summary>
    public List<ClientMessage> Asked => _room.Asked;

    public PeerReport Current { get; set; } = FakeReports.Viewer();

    /// <summary>What the next command or the start fails with.</summary>
    public Exception? FailWith { get; set; }

    public bool Disposed { get; private set; }

    public Task Started => started.Task;

    public IAsyncEnumerable<string> Notices => notices.Reader.ReadAllAsync();

    public Task Completion => completion.Task;

    public double Volume { get; set; } = 1;

    public double LatencyMs { get; private set; }

    public bool Clicks { get; set; }

    public string? ClickPartner { get; set; }

    public LogLevel LogLevel { get; set; } = LogLevel.Information;

    public string? LogFile { get; set; } = "peer.log";

    public string SetLatency(double ms, bool save)
    {
        LatencyMs = ms;
        Calls.Add(FormattableString.Invariant($"latency {ms}{(save ? " save" : "")}"));
        return FormattableString.Invariant($"latency {ms} ms");
    }

    public IRoomControls Room => _room;

    public void Notice(string line) => notices.Writer.TryWrite(line);

    public void Break(string why) => completion.TrySetException(new JamException(why));

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (FailWith is { } problem)
            throw problem;
        started.TrySetResult();
        return Task.CompletedTask;
    }

    public PeerReport Report() => Current;

    public Task<string> SeedAsync(string path, CancellationToken cancellationToken) => Call($"seed {path}");

    public Task<string> PlayAsync(long? positionUs, CancellationToken cancellationToken) => Call($"play {positionUs}".Trim());

    public Task<string> PauseAsync(CancellationToken cancellationToken) => Call("pause");

    public Task<string> StopPlaybackAsync(CancellationToken cancellationToken) => Call("stop");

    public Task<string> SeekAsync(long positionUs, CancellationToken cancellationToken) => Call($"seek {positionUs}");

    public Task<string> SelectTrackAsync(int place, CancellationToken cancellationToken) => Call($"select {place}");

    public Task<string> JoinAsync(DnsEndPoint peer, CancellationToken cancellationToken) => Call($"join {peer.Host} {peer.Port}");

    public Task<string> LeaveAsync(DnsEndPoint peer, CancellationToken cancellationToken) => Call($"leave {peer.Host} {peer.Port}");

    public ValueTask DisposeAsync()
    {
        if (!Disposed)
            Notice("left the room");
        Disposed = true;
        notices.Writer.TryComplete();
        completion.TrySetResult();
        return ValueTask.CompletedTask;
    }

    private Task<string> Call(string call)
    {
        Calls.Add(call);
        return FailWith is { } problem ? Task.FromException<string>(problem) : Task.FromResult($"done: {call}");
    }
}

/// <summary>Reports to start from.</summary>
internal static class FakeReports
{
    public static TrackReport Track(int have = 60, int fromHost = 40, int fromPeers = 20, int fromCache = 0) => new(
        "ab12", "song.mp3", TrackKind.Audio, 1_000_000, 30_000_000, 62, have, fromCache, fromHost, fromPeers,
        BytesUp: 300_000, BytesDown: 980_000, BadChunks: 0, SavedAs: null);

    public static PeerReport Viewer(string name = "ada", TrackReport? track = null) => new(
        "p2", name, Role.Viewer, "jam", "ws://127.0.0.1:8000/", true, 40001, 3, track ?? Track(), [track ?? Track()],
        [
            new LinkReport("p1", "bob", Role.Host, "127.0.0.1:9003", true, 1_200, 62, 40, 0, 123_456, 0),
            new LinkReport("p3", "cy", Role.Viewer, "127.0.0.1:9004", false, null, 50, 20, 30, 2_000_000, 900),
        ],
        new PlaybackReport(PlaybackStatus.Play, 12_345_678, 8_200_000, true, 12.4, 30.2, 40_000, "null (silent)", false, 0, 1),
        new ClockReport(true, 15.2, 800, 1.5), 20_000_000) { AtUs = 1_000_000 };

    public static PeerReport Host(string name = "bob") => Viewer(name, Track(62, 0, 0, 0)) with { PeerId = "p1", Role = Role.Host, ListenPort = 9003 };
}

/// <summary>A room that does nothing but remember what it was asked.</summary>
internal sealed class FakeRoom : IRoomControls
{
    public List<ClientMessage> Asked { get; } = [];

    public bool IsLoopHeard { get; set; } = true;

    public RoomReport Describe() => new(
        new RoomPolicy(), new Tempo(1, 1, Guid.Empty, 0, 97.5, 3, IsClicking: true), new LoopShape(1, 2, true, 8, 2), 1, Repeat.All, true, 1_300_000, 1, 7, false);

    public Task<string> AskAsync(ClientMessage command, CancellationToken cancellationToken)
    {
        Asked.Add(command);
        return Task.FromResult("done");
    }

    public string Tap()
    {
        Asked.Add(new Tap());
        return "tapped";
    }

    public void Tell(string json, string? peerId) => Asked.Add(new Blob(json, peerId));

    public string SetLane(IReadOnlyList<LoopStep?> steps)
    {
        Asked.Add(new LoopUpdate(steps));
        return "done";
    }

    public Task<string> SyncAsync(CancellationToken cancellationToken) => AskAsync(new SnapshotRequest(), cancellationToken);
}
