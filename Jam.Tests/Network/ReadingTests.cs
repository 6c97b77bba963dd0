using System.Buffers;
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

    [Test]
    public async Task Chunks_that_come_together_are_taken_up_once(CancellationToken ct)
    {
        Assert.That(await ReadAsync(Enumerable.Range(0, 3).Select(i => Chunk(i, 16 * 1024)), ct), Is.EqualTo(Enumerable.Repeat("chunk", 3).Append("here")));
    }

    [Test]
    public async Task Small_chunks_count_as_frames_do(CancellationToken ct)
    {
        string[] expected = [.. Enumerable.Repeat("chunk", 32), "elsewhere", .. Enumerable.Repeat("chunk", 8), "here"];
        Assert.That(await ReadAsync(Enumerable.Range(0, 40).Select(i => Chunk(i, 1000)), ct), Is.EqualTo(expected));
    }

    [Test]
    public async Task A_quarter_of_a_megabyte_is_taken_up_before_more_is_read(CancellationToken ct)
    {
        var log = await ReadAsync([Chunk(0, 256 * 1024), new HaveFrame(0, [0])], ct);

        // Where the frame was not here yet, the chunk was taken up on this thread.
        Assert.That(log[0], Is.EqualTo("chunk"));
        Assert.That(log[1], Is.AnyOf("elsewhere", "here"));
    }

    private static ChunkFrame Chunk(int chunk, int bytes) => new(0, chunk, ArrayPool<byte>.Shared.Rent(bytes), bytes);

    private static Task<string[]> ReadAsync(int frames, CancellationToken ct) =>
        ReadAsync(Enumerable.Range(0, frames).Select(i => new HaveFrame(0, [i])), ct);

    private static async Task<string[]> ReadAsync(IEnumerable<Frame> frames, CancellationToken ct)
    {
        await using var pair = await StreamPair.ConnectAsync(ct);
        var events = new Events();
        var hello = new HelloFrame(1, 0, "them", "jam", 1, new byte[32], new byte[32]);
        // All of it is here before anything is read, as far as the system takes so much.
        foreach (var frame in frames)
            pair.Dialer.Append(frame);
        var sending = pair.Dialer.FlushAsync(ct);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var run = new PeerConnection(new LinkId(1), pair.Listener, hello, outgoing: false, events, TimeProvider.System).RunAsync(stop.Token);
        await events.TakenUpHere.Task.WaitAsync(ct);
        await sending;
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

        public ValueTask OnChunkAsync(PeerConnection from, ChunkFrame chunk, bool isGood, CancellationToken cancellationToken)
        {
            Log.Enqueue("chunk");
            chunk.Release();
            return default;
        }

        public ValueTask OnChunkSentAsync(PeerConnection from, SendChunk chunk, int bytes, string? problem, CancellationToken cancellationToken) => default;

        public ValueTask OnRttAsync(PeerConnection from, long rttUs, CancellationToken cancellationToken) => default;
    }
}
