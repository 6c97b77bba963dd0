namespace Jam.Peer.Audio.Mp3;

/// <summary>ID3v2 tags in front of a track.</summary>
internal static class Id3
{
    /// <summary>What must be read to know a tag's length.</summary>
    public const int HeaderBytes = 10;

    private const int MaxTags = 16;

    /// <summary>Where the track begins behind its tags, bytes; their content, pictures most of all, is not read.</summary>
    public static long Skip(ByteWindow window, CancellationToken cancellationToken)
    {
        var offset = 0L;
        for (var tags = 0; tags < MaxTags; tags++)
        {
            var head = window.Get(offset, HeaderBytes, cancellationToken);
            var length = LengthOf(head);
            if (length == 0)
                return offset;
            offset += length;
        }
        return offset;
    }

    /// <summary>A whole tag's length in bytes, its header and footer included; 0 where none begins here (ID3v2.4, section 3.1).</summary>
    public static long LengthOf(ReadOnlySpan<byte> head)
    {
        if (head.Length < HeaderBytes || !head.StartsWith("ID3"u8) || ((head[6] | head[7] | head[8] | head[9]) & 0x80) != 0)
            return 0;
        var size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9];
        return HeaderBytes + size + ((head[5] & 0x10) != 0 ? HeaderBytes : 0);
    }
}
