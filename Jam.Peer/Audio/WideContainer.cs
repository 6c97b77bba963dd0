using System.Buffers.Binary;
using Jam.Peer.Playback;

namespace Jam.Peer.Audio;

/// <summary>Where the samples stand in containers whose sizes have 64 bits, and in Sun's AU.</summary>
internal static class WideContainer
{
    private const int MaxChunks = 1_000;
    private const int GuidBytes = 16;
    private const long Unknown = -1;

    /// <summary>First byte of sound and the one behind the last, as headers tell it; null where no chunk holds any.</summary>
    public static (long From, long Until)? FindSound(ITrackReader reader, long start, CancellationToken cancellationToken)
    {
        var window = new ByteWindow(reader);
        var head = window.Get(start, 12, cancellationToken);
        if (head.Length < 12)
            return null;
        if (head.StartsWith("RF64"u8))
            return InRf64(window, start, cancellationToken);
        if (head.StartsWith("riff"u8))
            return InWave64(window, start, cancellationToken);
        if (head.StartsWith("caff"u8))
            return InCaf(window, start, cancellationToken);
        if (!head.StartsWith(".snd"u8))
            return null;
        var (from, size) = (start + BinaryPrimitives.ReadUInt32BigEndian(head[4..]), BinaryPrimitives.ReadUInt32BigEndian(head[8..]));
        return Place(from, size == uint.MaxValue ? Unknown : size, reader.LengthBytes);
    }

    /// <summary>EBU Tech 3306: sizes that do not fit stand in "ds64", the first chunk.</summary>
    private static (long From, long Until)? InRf64(ByteWindow window, long start, CancellationToken cancellationToken)
    {
        var wide = Unknown;
        var at = start + 12;
        for (var chunks = 0; chunks < MaxChunks; chunks++)
        {
            var head = window.Get(at, 24, cancellationToken);
            if (head.Length < 8)
                return null;
            long size = BinaryPrimitives.ReadUInt32LittleEndian(head[4..]);
            if (head.StartsWith("ds64"u8) && head.Length == 24)
                wide = BinaryPrimitives.ReadInt64LittleEndian(head[16..]);
            if (head.StartsWith("data"u8))
                return Place(at + 8, size == uint.MaxValue ? wide : size, window.LengthBytes);
            at += 8 + size + (size & 1);
        }
        return null;
    }

    /// <summary>Sony's Wave64: chunks are named by GUIDs, whose first four bytes are the old names, and stand at multiples of eight.</summary>
    private static (long From, long Until)? InWave64(ByteWindow window, long start, CancellationToken cancellationToken)
    {
        const int headBytes = GuidBytes + sizeof(long);
        var at = start + headBytes + GuidBytes;
        for (var chunks = 0; chunks < MaxChunks; chunks++)
        {
            var head = window.Get(at, headBytes, cancellationToken);
            if (head.Length < headBytes)
                return null;
            var size = BinaryPrimitives.ReadInt64LittleEndian(head[GuidBytes..]);
            if (head.StartsWith("data"u8))
                return Place(at + headBytes, size < headBytes ? Unknown : size - headBytes, window.LengthBytes);
            if (size < headBytes || size > window.LengthBytes - at)
                return null;
            at += (size + 7) / 8 * 8;
        }
        return null;
    }

    /// <summary>Apple's Core Audio Format: before the samples stands a count of edits.</summary>
    private static (long From, long Until)? InCaf(ByteWindow window, long start, CancellationToken cancellationToken)
    {
        const int headBytes = 12, editBytes = 4;
        var at = start + 8;
        for (var chunks = 0; chunks < MaxChunks; chunks++)
        {
            var head = window.Get(at, headBytes, cancellationToken);
            if (head.Length < headBytes)
                return null;
            var size = BinaryPrimitives.ReadInt64BigEndian(head[4..]);
            if (head.StartsWith("data"u8))
                return Place(at + headBytes + editBytes, size < editBytes ? Unknown : size - editBytes, window.LengthBytes);
            if (size < 0 || size > window.LengthBytes - at)
                return null;
            at += headBytes + size;
        }
        return null;
    }

    private static (long From, long Until)? Place(long from, long size, long length) =>
        from > length ? null : (from, size < 0 || size > long.MaxValue - from ? length : from + size);
}
