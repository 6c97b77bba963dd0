using System.Buffers.Binary;
using Jam.Peer.Audio.Sndfile;
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

    /// <summary>Sizes from here on are what programs write that did not know the size.</summary>
    private const uint UnknownSize = 0x7FFF_0000;

    /// <summary>How many bytes the file lacks at least; 0 where none is missing as far as headers tell.</summary>
    public static long MissingBytes(ITrackReader reader, TrackFormat format, CancellationToken cancellationToken) =>
        format.Container switch
        {
            Container.Wav or Container.Aiff or Container.Other => MissingChunkBytes(reader, format, cancellationToken),
            Container.Ogg => MissingPageBytes(reader, cancellationToken),
            _ => 0,
        };

    /// <summary>Where the samples of a file of plain samples stand; null where no chunk holds any.</summary>
    public static (long From, long Until)? FindSound(ITrackReader reader, TrackFormat format, CancellationToken cancellationToken)
    {
        if (format.Container == Container.Other)
            return WideContainer.FindSound(reader, format.Start, cancellationToken);
        var sound = format.Container == Container.Aiff ? "SSND"u8 : "data"u8;
        var window = new ByteWindow(reader);
        var isLittleEndian = window.Get(format.Start, 4, cancellationToken).SequenceEqual("RIFF"u8);
        var at = format.Start + 12;
        for (var chunks = 0; chunks < MaxChunks; chunks++)
        {
            var head = window.Get(at, ChunkHeaderBytes, cancellationToken);
            if (head.Length < ChunkHeaderBytes)
                return null;
            var size = isLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(head[4..]) : BinaryPrimitives.ReadUInt32BigEndian(head[4..]);
            if (head[..4].SequenceEqual(sound))
            {
                // Of what is longer than it can say, the size is nothing, or what is left of the true one.
                var isKnown = size < UnknownSize && reader.LengthBytes - at <= uint.MaxValue;
                return (at + ChunkHeaderBytes, isKnown ? at + ChunkHeaderBytes + size : reader.LengthBytes);
            }
            at += ChunkHeaderBytes + size + (size & 1);
        }
        return null;
    }

    private static long MissingChunkBytes(ITrackReader reader, TrackFormat format, CancellationToken cancellationToken)
    {
        if (FindSound(reader, format, cancellationToken) is { } sound)
            return Math.Max(0, sound.Until - reader.LengthBytes);
        return reader.LengthBytes < format.Start + 12 + ChunkHeaderBytes ? ChunkHeaderBytes : 0;
    }

    private static long MissingPageBytes(ITrackReader reader, CancellationToken cancellationToken)
    {
        var window = new ByteWindow(reader);
        // One page may begin in what a single window holds; the last one must, or the end is no Ogg.
        var from = Math.Max(0, reader.LengthBytes - OggPage.MaxBytes);
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
        var head = window.Get(page, OggPage.HeaderBytes + 255, cancellationToken);
        if (head.Length < OggPage.HeaderBytes)
            return OggPage.HeaderBytes - head.Length;
        int segments = head[OggPage.HeaderBytes - 1];
        if (head.Length < OggPage.HeaderBytes + segments)
            return OggPage.HeaderBytes + segments - head.Length;
        var end = page + OggPage.HeaderBytes + segments;
        foreach (var size in head.Slice(OggPage.HeaderBytes, segments))
            end += size;
        return Math.Max(0, end - length);
    }
}
