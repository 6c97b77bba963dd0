using System.Buffers;
using Jam.Peer.Network;
using Jam.Peer.Wire;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>The system wakes a reader for a whole chunk, not for each packet of it, and never waits for more than comes.</summary>
[CancelAfter(20_000)]
internal sealed class FrameStreamTests
{
    private const int SocketLevel = 1;
    private const int ReceiveLowAt = 18;
    private const int BufferLock = 72;
    private const int HeaderBytes = 11;

    [TestCase(100, 16 * 1024, 16 * 1024 + HeaderBytes - 100)]
    [TestCase(5, 16 * 1024, 16 * 1024 + HeaderBytes - 5)]
    // A receive buffer must hold it.
    [TestCase(100, 64 * 1024, 32 * 1024)]
    [Platform("Linux")]
    public async Task The_rest_of_a_chunk_is_waited_for_as_a_whole(int first, int size, int awaited, CancellationToken ct)
    {
        await using var pair = await StreamPair.ConnectAsync(ct);
        var bytes = Encode(Chunk(7, size));
        var read = pair.Listener.ReadAsync(true, ct).AsTask();
        Assert.That(Awaited(pair.Listener), Is.EqualTo(1));

        await pair.Dialer.SendRawAsync(bytes.AsMemory(0, first), ct);
        await Until.TrueAsync(() => Awaited(pair.Listener) == awaited, ct, () => Awaited(pair.Listener));

        // Of what is still missing a part at first: what then waits is for the rest of it, and no more.
        await pair.Dialer.SendRawAsync(bytes.AsMemory(first, bytes.Length / 2), ct);
        await pair.Dialer.SendRawAsync(bytes.AsMemory(first + bytes.Length / 2), ct);
        Assert.That(await read, Is.InstanceOf<ChunkFrame>());
        Assert.That(Awaited(pair.Listener), Is.EqualTo(1), "what comes next may be small");
    }

    [Test]
    [Platform("Linux")]
    public async Task In_lumps_the_system_is_left_alone_between_them(CancellationToken ct)
    {
        await using var pair = await StreamPair.ConnectAsync(ct);
        var bytes = Encode(Chunk(7, 16 * 1024));
        var read = pair.Listener.ReadAsync(true, ct).AsTask();
        await pair.Dialer.SendRawAsync(bytes.AsMemory(0, 100), ct);
        await Until.TrueAsync(() => Awaited(pair.Listener) > 1, ct, () => Awaited(pair.Listener));

        var time = new ManualTimeProvider();
        pair.Listener.Lumps = time;
        await pair.Dialer.SendRawAsync(bytes.AsMemory(100), ct);
        Assert.That(await read, Is.InstanceOf<ChunkFrame>());
        read = pair.Listener.ReadAsync(true, ct).AsTask();
        await pair.Dialer.SendRawAsync(bytes.AsMemory(0, 5_000), ct);
        await Until.TrueAsync(() => time.NextTimerUs is not null, ct, () => time.NextTimerUs);
        // More than one byte would have it acknowledge every second packet of what nobody reads.
        Assert.That(Awaited(pair.Listener), Is.EqualTo(1));
        // As long as the window can grow, it acknowledges each packet; what the system reports is twice what it was asked for.
        Assert.That(pair.Listener.Socket.ReceiveBufferSize, Is.EqualTo(2 * 64 * 1024));

        await pair.Dialer.SendRawAsync(bytes.AsMemory(5_000), ct);
        time.Advance(TimeSpan.FromMilliseconds(40));
        Assert.That(await read, Is.InstanceOf<ChunkFrame>());

        pair.Listener.Lumps = null;
        read = pair.Listener.ReadAsync(true, ct).AsTask();
        await pair.Dialer.SendRawAsync(bytes.AsMemory(0, 5_000), ct);
        await Until.TrueAsync(() => Awaited(pair.Listener) > 1, ct, () => Awaited(pair.Listener));
        Assert.That(Option(pair.Listener, BufferLock), Is.Zero, "it may grow again");
        await pair.Dialer.SendRawAsync(bytes.AsMemory(5_000), ct);
        Assert.That(await read, Is.InstanceOf<ChunkFrame>());
    }

    [Test]
    public async Task A_small_frame_that_follows_part_of_a_chunk_is_not_waited_for_in_vain(CancellationToken ct)
    {
        await using var pair = await StreamPair.ConnectAsync(ct);
        for (var split = 1; split < 20_000; split += 997)
        {
            byte[] bytes = [.. Encode(Chunk(1, 20_000)), .. Encode(new HaveFrame(0, [split]))];
            var chunk = pair.Listener.ReadAsync(true, ct).AsTask();
            await pair.Dialer.SendRawAsync(bytes.AsMemory(0, split), ct);
            await pair.Dialer.SendRawAsync(bytes.AsMemory(split), ct);
            Assert.That(await chunk, Is.InstanceOf<ChunkFrame>());
            Assert.That(await pair.Listener.ReadAsync(true, ct), Is.InstanceOf<HaveFrame>().With.Property(nameof(HaveFrame.Chunks)).EqualTo(new[] { split }));
        }
    }

    private static int Awaited(FrameStream stream) => Option(stream, ReceiveLowAt);

    private static int Option(FrameStream stream, int option)
    {
        var value = new byte[4];
        stream.Socket.GetRawSocketOption(SocketLevel, option, value);
        return BitConverter.ToInt32(value);
    }

    private static ChunkFrame Chunk(int chunk, int bytes) => new(0, chunk, ArrayPool<byte>.Shared.Rent(bytes), bytes);

    private static byte[] Encode(Frame frame)
    {
        var into = new ArrayBufferWriter<byte>();
        FrameWriter.Write(into, frame);
        return into.WrittenSpan.ToArray();
    }
}
