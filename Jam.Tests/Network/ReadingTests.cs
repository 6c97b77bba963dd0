using System.Collections.Concurrent;
using Jam.Peer.Network;
using Jam.Peer.Storage;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>What one packet brings is taken up together, on the thread that has read it.</summary>
[CancelAfter(20_000)]
internal sealed class ReadingTests
{
    [Test]
    public async Task Frames_that_come_together_are_taken_up_once_where_the_last_of_them_was_read(CancellationToken ct)
    {
        Assert.That(await ReadAsync(20, ct), Is.EqualTo(Enumerable.Repeat("frame", 20).Append("here")));
    }

    [Test]
    public async Task Where_many_come_another_thread_begins_while_the_rest_is_read(CancellationToken ct)
    {
        string[] expected = [.. Enumerable.Repeat("frame", 32), "elsewhere", .. Enumerable.Repeat("frame", 8), "here"];
        Assert.That(await ReadAsync(40, ct), Is.EqualTo(expected));
    }

    private static async Task<string[]> ReadAsync(int frames, CancellationToken ct)
    {
        await using var pair = await StreamPair.ConnectAsync(ct);
        var events = new Events();
        var hello = new HelloFrame(1, 0, "them", "jam", 1, new byte[32], new byte[32]);
        // All of it is here before anything is read.
        for (var i = 0; i < frames; i++)
            pair.Dialer.Append(new HaveFrame(0, [i]));
        await pair.Dialer.FlushAsync(ct);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var run = new PeerConnection(new LinkId(1), pair.Listener, hello, outgoing: false, events, TimeProvider.System).RunAsync(stop.Token);
        await events.TakenUpHere.Task.WaitAsync(ct);
        await stop.CancelAsync();
        await run;
        return [.. events.Log];
    }

    private sealed class Events : IConnectionEvents
    {
        public ConcurrentQueue<string> Log { get; } = new();

        public TaskCompletionSource TakenUpHere { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void TakeUp(bool runHere)
        {
            Log.Enqueue(runHere ? "here" : "elsewhere");
            if (runHere)
                TakenUpHere.TrySetResult();
        }

        public TrackStorage? StorageOf(TrackId track) => null;

        public ValueTask OnFrameAsync(PeerConnection from, Frame frame, CancellationToken cancellationToken)
        {
            Log.Enqueue("frame");
            return default;
        }

        public ValueTask OnChunkAsync(PeerConnection from, ChunkFrame chunk, bool isGood, CancellationToken cancellationToken) => default;

        public ValueTask OnChunkSentAsync(PeerConnection from, SendChunk chunk, int bytes, string? problem, CancellationToken cancellationToken) => default;

        public ValueTask OnRttAsync(PeerConnection from, long rttUs, CancellationToken cancellationToken) => default;
    }
}
