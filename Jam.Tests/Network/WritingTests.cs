using System.Collections.Concurrent;
using System.Net.Sockets;
using Jam.Peer.Network;
using Jam.Peer.Storage;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>What was sent together the loop takes up together, and what it then has to say goes out together.</summary>
[CancelAfter(20_000)]
internal sealed class WritingTests
{
    private const int TrackSize = 4 + 1 + 2 + TrackId.Size + 1;

    [Test]
    public async Task Chunks_that_the_socket_took_are_taken_up_once(CancellationToken ct)
    {
        using var storage = PatternStorage.Create(new Jam.Peer.Session.TestPattern(2, 4096), ct);
        var events = new Events(storage);

        await SendAsync(events, 2, ct);

        Assert.That(events.Log, Is.EqualTo(new[] { "sent 0", "sent 1", "elsewhere" }));
    }

    [Test]
    public async Task Where_the_socket_is_full_what_it_took_is_taken_up_meanwhile(CancellationToken ct)
    {
        // More than two sockets hold.
        using var storage = PatternStorage.Create(new Jam.Peer.Session.TestPattern(3072, 16 * 1024), ct);
        var events = new Events(storage);

        await SendAsync(events, 3072, ct);

        Assert.That(events.Log.Last(), Is.EqualTo("elsewhere"));
        Assert.That(events.Log, Has.Some.EqualTo("sent 0").And.None.EqualTo("sent 3071"));
    }

    [Test]
    public async Task What_several_events_lead_to_goes_out_at_once(CancellationToken ct)
    {
        const int Tracks = 20;
        await using var pair = await StreamPair.ConnectAsync(ct);
        var owner = new Owner();
        await using var loop = new SwarmLoop(new SwarmSettings(), owner, TimeProvider.System);
        var connection = new PeerConnection(
            new LinkId(1), pair.Listener, new HelloFrame(1, 0, "them", "jam", 1, new byte[32], new byte[32]), outgoing: false, loop, TimeProvider.System);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var run = connection.RunAsync(stop.Token);
        Assert.That(await pair.Dialer.ReadAsync(true, ct), Is.InstanceOf<PingFrame>());
        // Posted from within the loop, so all of them are here when it goes on.
        owner.OnProblem = () =>
        {
            for (var i = 0; i < Tracks; i++)
                loop.TryPost(new WantEvent(TrackId.Of([(byte)i]), 0));
        };

        await loop.PostAsync(new LinkUpEvent(connection, IsHost: false), ct);
        await loop.PostAsync(new ChunkSentEvent(connection.Id, new SendChunk(connection.Id, default, 0, 0), 0, "unreadable"), ct);

        var first = await pair.Dialer.Socket.ReceiveAsync(new byte[64 * 1024], SocketFlags.None, ct);
        Assert.That(first, Is.EqualTo(Tracks * TrackSize));
        await stop.CancelAsync();
        await run;
    }

    private static async Task SendAsync(Events events, int chunks, CancellationToken ct)
    {
        await using var pair = await StreamPair.ConnectAsync(ct);
        var connection = new PeerConnection(
            new LinkId(1), pair.Listener, new HelloFrame(1, 0, "them", "jam", 1, new byte[32], new byte[32]), outgoing: false, events, TimeProvider.System);
        for (var chunk = 0; chunk < chunks; chunk++)
            connection.Queue(new SendChunk(connection.Id, events.Storage.Manifest.Id, 0, chunk));
        connection.SendQueued();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var run = connection.RunAsync(stop.Token);
        await events.TakenUp.Task.WaitAsync(ct);
        await stop.CancelAsync();
        await run;
    }

    private sealed class Events(TrackStorage storage) : IConnectionEvents
    {
        public ConcurrentQueue<string> Log { get; } = new();

        public TrackStorage Storage { get; } = storage;

        public TaskCompletionSource TakenUp { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void TakeUp(bool runHere)
        {
            Log.Enqueue(runHere ? "here" : "elsewhere");
            TakenUp.TrySetResult();
        }

        public TrackStorage? StorageOf(TrackId track) => Storage;

        public ValueTask OnFrameAsync(PeerConnection from, Frame frame, CancellationToken cancellationToken) => default;

        public ValueTask OnChunkAsync(PeerConnection from, ChunkFrame chunk, bool isGood, CancellationToken cancellationToken) => default;

        public ValueTask OnChunkSentAsync(PeerConnection from, SendChunk chunk, int bytes, string? problem, CancellationToken cancellationToken)
        {
            Log.Enqueue($"sent {chunk.Chunk}");
            return default;
        }

        public ValueTask OnRttAsync(PeerConnection from, long rttUs, CancellationToken cancellationToken) => default;
    }

    private sealed class Owner : ISwarmOwner
    {
        public Action OnProblem { get; set; } = () => { };

        public void OnManifest(Manifest manifest)
        {
        }

        public void OnCompleted(TrackId track)
        {
        }

        public void OnDropped(PeerConnection connection, string why, bool ban)
        {
        }

        public void OnStorageProblem(TrackId track, string problem) => OnProblem();
    }
}
