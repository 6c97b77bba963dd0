using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Tags;

/// <summary>The comment header of Ogg Vorbis, Opus and FLAC: the second packet of the stream, over as many pages as it takes.</summary>
internal static class OggTags
{
    private const int PageHeader = 27;
    private const int MaxPages = 256;

    public static TrackTags Read(ITrackReader reader, CancellationToken cancellationToken)
    {
        var packet = SecondPacket(reader, cancellationToken);
        if (packet.AsSpan().StartsWith("\u0003vorbis"u8))
            return VorbisComment.Parse(packet.AsSpan(7));
        if (packet.AsSpan().StartsWith("OpusTags"u8))
            return VorbisComment.Parse(packet.AsSpan(8));
        // In Ogg FLAC it is a metadata block.
        return packet.Length > 4 && (packet[0] & 0x7F) == 4 ? VorbisComment.Parse(packet.AsSpan(4)) : TrackTags.None;
    }

    private static byte[] SecondPacket(ITrackReader reader, CancellationToken cancellationToken)
    {
        var packet = new List<byte>();
        var packets = 0;
        var at = 0L;
        for (var page = 0; page < MaxPages; page++)
        {
            var head = TagBytes.Read(reader, at, PageHeader + 255, cancellationToken);
            if (head.Length < PageHeader || !head.AsSpan().StartsWith("OggS"u8) || head.Length < PageHeader + head[26])
                return [];
            var sizes = head.AsSpan(PageHeader, head[26]).ToArray();
            var body = TagBytes.Read(reader, at + PageHeader + sizes.Length, sizes.Sum(s => s), cancellationToken);
            var from = 0;
            foreach (var size in sizes)
            {
                if (packets == 1)
                    packet.AddRange(body.AsSpan(Math.Min(from, body.Length), Math.Min(size, body.Length - Math.Min(from, body.Length))));
                from += size;
                // A segment of less than 255 bytes ends a packet.
                if (size < 255 && ++packets == 2)
                    return [.. packet];
                if (packet.Count > TagBytes.Max)
                    return [];
            }

            at += PageHeader + sizes.Length + from;
        }

        return [];
    }
}
