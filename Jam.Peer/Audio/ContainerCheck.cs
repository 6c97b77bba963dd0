using System.Buffers.Binary;
using Jam.Peer.Playback;

namespace Jam.Peer.Audio;

/// <summary>
/// Whether a complete file is as long as its own headers say. A decoder plays a file that was cut off without a word; the host should
/// hear of it before others fetch it.
/// </summary>
internal static class ContainerCheck
{
    private const int MaxChunks = 1_000;
    private const int ChunkHeaderBytes = 8;
    private const int OggHeaderBytes = 27;

    /// <summary>Longest page of Ogg: header, 255 sizes, 255 segments.</summary>
    private const int MaxOggPageBytes = OggHeaderBytes + 255 + 255 * 255;

    /// <summary>Sizes from here on are what programs write that did not know the size.</summary>
    private const uint UnknownSize = 0x7FFF_0000;

    /// <summary>How many bytes the file lacks at least; 0 where none is missing as far as headers tell.</summary>
    public static long MissingBytes(ITrackReader reader, TrackFormat format, CancellationToken cancellationToken) =>
        format.Container switch
        {
            Container.Wav => MissingChunkBytes(reader, format.Start, "data"u8, cancellationToken),
            Container.Aiff => MissingChunkBytes(reader, format.Start, "SSND"u8, cancellationToken),
            Container.Ogg => MissingPageBytes(reader, cancellationToken),
            _ => 0,
        };

    private static long MissingChunkBytes(ITrackReader reader, long start, ReadOnlySpan<byte> sound, CancellationToken cancellationToken)
    {
        var window = new ByteWindow(reader);
        var isLittleEndian = window.Get(start, 4, cancellationToken).SequenceEqual("RIFF"u8);
        var at = start + 12;
        for (var chunks = 0; chunks < MaxChunks; chunks++)
        {
            var head = window.Get(at, ChunkHeaderBytes, cancellationToken);
            if (head.Length < ChunkHeaderBytes)
                return chunks == 0 ? ChunkHeaderBytes : 0;
            var size = isLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(head[4..]) : BinaryPrimitives.ReadUInt32BigEndian(head[4..]);
            if (head[..4].SequenceEqual(sound))
                return size >= UnknownSize ? 0 : Math.Max(0, at + ChunkHeaderBytes + size - reader.LengthBytes);
            at += ChunkHeaderBytes + size + (size & 1);
        }
        return 0;
    }

    private static long MissingPageBytes(ITrackReader reader, CancellationToken cancellationToken)
    {
        var window = new ByteWindow(reader);
        // One page may begin in what a single window holds; the last one must, or the end is no Ogg.
        var from = Math.Max(0, reader.LengthBytes - MaxOggPageBytes);
        for (var end = reader.LengthBytes; end > from;)
        {
            var begin = Math.Max(from, end - 4096);
            var bytes = window.Get(begin, (int)(Math.Min(reader.LengthBytes, end + 3) - begin), cancellationToken);
            var page = bytes.LastIndexOf("OggS"u8);
            if (page >= 0)
                return MissingOfPage(window, begin + page, reader.LengthBytes, cancellationToken);
            end = begin;
        }
        return 0;
    }

    private static long MissingOfPage(ByteWindow window, long page, long length, CancellationToken cancellationToken)
    {
        var head = window.Get(page, OggHeaderBytes + 255, cancellationToken);
        if (head.Length < OggHeaderBytes)
            return OggHeaderBytes - head.Length;
        int segments = head[OggHeaderBytes - 1];
        if (head.Length < OggHeaderBytes + segments)
            return OggHeaderBytes + segments - head.Length;
        var end = page + OggHeaderBytes + segments;
        foreach (var size in head.Slice(OggHeaderBytes, segments))
            end += size;
        return Math.Max(0, end - length);
    }
}
