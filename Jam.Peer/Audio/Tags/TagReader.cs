using System.Buffers.Binary;
using System.Text;
using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Tags;

/// <summary>
/// Finds title, artist, album and cover of a complete track: ID3v2 in front of anything, or in a chunk of WAV and AIFF; ID3v1 at the end
/// of an MP3; Vorbis comments and pictures of FLAC, Ogg Vorbis and Opus; RIFF INFO; the texts of AIFF. What cannot be read is left out.
/// </summary>
internal static class TagReader
{
    private const int MaxChunks = 1_000;

    public static TrackTags Read(ITrackReader reader, TrackFormat format, CancellationToken cancellationToken)
    {
        var front = format.Start > 0 ? Id3Tags.Parse(TagBytes.Read(reader, 0, format.Start, cancellationToken)) : TrackTags.None;
        return front.Or(format.Container switch
        {
            Container.Mpeg => Id3V1(reader, cancellationToken),
            Container.Flac => FlacTags.Read(reader, format.Start, cancellationToken),
            Container.Ogg => OggTags.Read(reader, cancellationToken),
            Container.Wav => Chunks(reader, format.Start, isLittleEndian: true, cancellationToken),
            Container.Aiff => Chunks(reader, format.Start, isLittleEndian: false, cancellationToken),
            _ => TrackTags.None,
        });
    }

    private static TrackTags Id3V1(ITrackReader reader, CancellationToken cancellationToken)
    {
        const int size = 128;
        var tag = TagBytes.Read(reader, reader.LengthBytes - size, size, cancellationToken);
        return tag.Length == size && tag.AsSpan().StartsWith("TAG"u8)
            ? new TrackTags(Text(tag.AsSpan(3, 30)), Text(tag.AsSpan(33, 30)), Text(tag.AsSpan(63, 30)))
            : TrackTags.None;
    }

    private static TrackTags Chunks(ITrackReader reader, long start, bool isLittleEndian, CancellationToken cancellationToken)
    {
        var tags = TrackTags.None;
        var at = start + 12;
        for (var i = 0; i < MaxChunks && at + 8 <= reader.LengthBytes; i++)
        {
            var head = TagBytes.Read(reader, at, 8, cancellationToken);
            if (head.Length < 8)
                break;
            long size = isLittleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(head.AsSpan(4)) : BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(4));
            var name = Encoding.ASCII.GetString(head, 0, 4);
            if (name is "id3 " or "ID3 ")
                tags = Id3Tags.Parse(TagBytes.Read(reader, at + 8, size, cancellationToken)).Or(tags);
            else if (name is "LIST" && isLittleEndian)
                tags = tags.Or(Info(TagBytes.Read(reader, at + 8, size, cancellationToken)));
            else if (name is "NAME")
                tags = tags.Or(new TrackTags(Title: Text(TagBytes.Read(reader, at + 8, size, cancellationToken))));
            else if (name is "AUTH")
                tags = tags.Or(new TrackTags(Artist: Text(TagBytes.Read(reader, at + 8, size, cancellationToken))));
            at += 8 + size + (size & 1);
        }

        return tags;
    }

    private static TrackTags Info(ReadOnlySpan<byte> list)
    {
        var tags = TrackTags.None;
        if (!list.StartsWith("INFO"u8))
            return tags;
        for (list = list[4..]; list.Length >= 8;)
        {
            var size = BinaryPrimitives.ReadUInt32LittleEndian(list[4..]);
            if (size > list.Length - 8)
                break;
            var text = Text(list.Slice(8, (int)size));
            if (list.StartsWith("INAM"u8))
                tags = tags with { Title = text };
            else if (list.StartsWith("IART"u8))
                tags = tags with { Artist = text };
            else if (list.StartsWith("IPRD"u8))
                tags = tags with { Album = text };
            list = list[(int)Math.Min(list.Length, 8 + size + (size & 1))..];
        }

        return tags;
    }

    /// <summary>Text up to the first zero: UTF-8 where it is valid, else Latin-1, which is what old programs wrote.</summary>
    internal static string? Text(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        if (end >= 0)
            bytes = bytes[..end];
        if (bytes.Length > 4096)
            return null;
        var text = (System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8 : Encoding.Latin1).GetString(bytes).Trim();
        return text.Length == 0 ? null : text;
    }
}
