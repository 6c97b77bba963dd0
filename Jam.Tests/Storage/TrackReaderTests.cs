using System.Collections.Concurrent;
using Jam.Peer.Storage;
using NUnit.Framework;

namespace Jam.Tests.Storage;

/// <summary>A decoder reads a track that is still arriving.</summary>
[CancelAfter(30_000)]
internal sealed class TrackReaderTests
{
    private readonly TestTrack _track = new(5_500);

    [Test]
    public void What_is_here_is_read_without_a_word_up_to_the_end_of_its_chunk()
    {
        using var storage = new MemoryStorage(_track.Manifest);
        _track.Fill(storage, 1);
        var reader = new TrackReader(storage, _ => Assert.Fail("nothing is missing"));
        var buffer = new byte[4_000];
        Assert.That(reader.Read(1_500, buffer, default), Is.EqualTo(2 * 1024 - 1_500));
        Assert.That(buffer[..548], Is.EqualTo(_track.Bytes[1_500..2_048]));
        Assert.That(reader.Read(1_024, buffer.AsSpan(0, 10), default), Is.EqualTo(10));
    }

    [Test]
    public void Beyond_the_end_there_is_nothing()
    {
        using var storage = MemoryStorage.Full(_track);
        var reader = new TrackReader(storage, _ => { });
        Assert.That(reader.LengthBytes, Is.EqualTo(5_500));
        Assert.That(reader.Read(5_500, new byte[10], default), Is.Zero);
        Assert.That(reader.Read(long.MaxValue, new byte[10], default), Is.Zero);
        Assert.That(reader.Read(5_499, new byte[10], default), Is.EqualTo(1));
    }

    [Test]
    public async Task A_read_that_lacks_its_chunk_says_so_once_and_goes_on_when_it_comes(CancellationToken ct)
    {
        using var storage = new MemoryStorage(_track.Manifest);
        var waits = new ConcurrentQueue<int>();
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reader = new TrackReader(storage, chunk =>
        {
            waits.Enqueue(chunk);
            waiting.TrySetResult();
        });
        var buffer = new byte[100];
        var reading = Task.Run(() => reader.Read(3 * 1024 + 7, buffer, ct), ct);
        await waiting.Task.WaitAsync(ct);
        // Others come first: each wakes the reader, none is what it waits for.
        _track.Fill(storage, 0, 1, 2);
        Assert.That(reading.IsCompleted, Is.False);
        _track.Fill(storage, 3);
        Assert.That(await reading.WaitAsync(ct), Is.EqualTo(100));
        Assert.That(buffer, Is.EqualTo(_track.Bytes[(3 * 1024 + 7)..(3 * 1024 + 107)]));
        Assert.That(waits, Is.EqualTo(new[] { 3 }));
    }

    [Test]
    public async Task A_wait_can_be_cancelled(CancellationToken ct)
    {
        using var storage = new MemoryStorage(_track.Manifest);
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reader = new TrackReader(storage, _ => waiting.TrySetResult());
        var reading = Task.Run(() => reader.Read(0, new byte[10], cancelled.Token), ct);
        await waiting.Task.WaitAsync(ct);
        await cancelled.CancelAsync();
        Assert.That(async () => await reading.WaitAsync(ct), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void A_wait_that_is_cancelled_already_does_not_begin()
    {
        using var storage = new MemoryStorage(_track.Manifest);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        var reader = new TrackReader(storage, _ => { });
        Assert.That(() => reader.Read(0, new byte[10], cancelled.Token), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public async Task Each_missing_chunk_of_a_long_read_is_asked_for_once(CancellationToken ct)
    {
        using var storage = new MemoryStorage(_track.Manifest);
        _track.Fill(storage, 2);
        var waits = new ConcurrentQueue<int>();
        var reader = new TrackReader(storage, chunk =>
        {
            waits.Enqueue(chunk);
            _track.Fill(storage, chunk);
        });
        var all = await Task.Run(
            () =>
            {
                var bytes = new List<byte>();
                var buffer = new byte[300];
                for (int read; (read = reader.Read(bytes.Count, buffer, ct)) > 0;)
                    bytes.AddRange(buffer[..read]);
                return bytes.ToArray();
            },
            ct);
        Assert.That(all, Is.EqualTo(_track.Bytes));
        Assert.That(waits, Is.EqualTo(new[] { 0, 1, 3, 4, 5 }));
    }
}
