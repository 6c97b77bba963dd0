namespace Jam.Peer.Audio.Mp3;

/// <summary>ID3v2 tags in front of a track.</summary>
internal static class Id3
{
    private const int HeaderBytes = 10;
    private const int MaxTags = 16;

    /// <summary>Where the track begins behind its tags, bytes; their content, pictures most of all, is not read.</summary>
    public static long Skip(ByteWindow window, CancellationToken cancellationToken)
    {
        var offset = 0L;
        for (var tags = 0; tags < MaxTags; tags++)
        {
            var head = window.Get(offset, HeaderBytes, cancellationToken);
            if (head.Length < HeaderBytes || !head.StartsWith("ID3"u8) || ((head[6] | head[7] | head[8] | head[9]) & 0x80) != 0)
                return offset;
            var size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9];
            offset += HeaderBytes + size + ((head[5] & 0x10) != 0 ? HeaderBytes : 0);
        }
        return offset;
    }
}
