using System.Buffers.Binary;
using System.Text;

namespace Jam.Peer.Audio.Tags;

/// <summary>What an ID3v2 tag says (versions 2.2 to 2.4). Compressed and encrypted frames are left out, as nobody writes them.</summary>
internal static class Id3Tags
{
    private const int HeaderBytes = 10;
    private const int FrontCover = 3;

    /// <summary>Reads a tag from its first byte on.</summary>
    public static TrackTags Parse(ReadOnlySpan<byte> tag)
    {
        if (tag.Length < HeaderBytes || !tag.StartsWith("ID3"u8) || tag[3] is < 2 or > 4)
            return TrackTags.None;
        var version = tag[3];
        var size = Math.Min(SyncSafe(tag[6..]), tag.Length - HeaderBytes);
        var body = tag.Slice(HeaderBytes, size);
        // Until 2.3 the whole tag is unsynchronized, from 2.4 on each frame says so itself.
        if ((tag[5] & 0x80) != 0 && version < 4)
            body = Resynchronized(body);
        if ((tag[5] & 0x40) != 0 && version > 2 && body.Length >= 4)
        {
            long extended = version == 4 ? SyncSafe(body) : BinaryPrimitives.ReadUInt32BigEndian(body) + 4L;
            body = body[(int)Math.Min(body.Length, extended)..];
        }

        return Frames(body, version);
    }

    private static TrackTags Frames(ReadOnlySpan<byte> body, int version)
    {
        var tags = TrackTags.None;
        var isFront = false;
        var head = version == 2 ? 6 : HeaderBytes;
        while (body.Length > head && body[0] != 0)
        {
            long size = version switch
            {
                2 => body[3] << 16 | body[4] << 8 | body[5],
                3 => BinaryPrimitives.ReadUInt32BigEndian(body[4..]),
                _ => SyncSafe(body[4..]),
            };
            if (size > body.Length - head)
                break;
            var content = body.Slice(head, (int)size);
            var flags = version == 2 ? 0 : body[9];
            var isPlain = version == 3 ? (flags & 0xC0) == 0 : (flags & 0x0C) == 0;
            if (version == 4)
            {
                if ((flags & 0x01) != 0 && content.Length >= 4)
                    content = content[4..];
                if ((flags & 0x02) != 0)
                    content = Resynchronized(content);
            }

            if (isPlain)
            {
                switch (Encoding.ASCII.GetString(body[..(version == 2 ? 3 : 4)]))
                {
                    case "TIT2" or "TT2":
                        tags = tags with { Title = Text(content) ?? tags.Title };
                        break;
                    case "TPE1" or "TP1":
                        tags = tags with { Artist = Text(content) ?? tags.Artist };
                        break;
                    case "TALB" or "TAL":
                        tags = tags with { Album = Text(content) ?? tags.Album };
                        break;
                    case "APIC" or "PIC" when !isFront && PictureOf(content, version) is { } picture && (picture.IsFront || tags.Cover is null):
                        tags = tags with { Cover = picture.Bytes };
                        isFront = picture.IsFront;
                        break;
                }
            }

            body = body[(head + (int)size)..];
        }

        return tags;
    }

    private static (bool IsFront, byte[] Bytes)? PictureOf(ReadOnlySpan<byte> content, int version)
    {
        // Encoding, type of the image, kind of the picture, description; then the image.
        var type = version == 2 ? 4 : 1 + content[Math.Min(1, content.Length)..].IndexOf((byte)0) + 1;
        if (type < 2 || content.Length <= type + 1)
            return null;
        var rest = content[(type + 1)..];
        var isWide = content[0] is 1 or 2;
        var end = 0;
        for (; end < rest.Length; end += isWide ? 2 : 1)
        {
            if (rest[end] == 0 && (!isWide || (end + 1 < rest.Length && rest[end + 1] == 0)))
                break;
        }

        var image = rest[Math.Min(rest.Length, end + (isWide ? 2 : 1))..];
        return image.Length <= Picture.MaxBytes && Picture.TypeOf(image) is not null ? (content[type] == FrontCover, image.ToArray()) : null;
    }

    // The first of several values.
    private static string? Text(ReadOnlySpan<byte> content)
    {
        if (content.Length is < 2 or > 8192)
            return null;
        var bytes = content[1..];
        var text = content[0] switch
        {
            0 => TagReader.Text(bytes),
            1 => bytes.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]) ? Encoding.BigEndianUnicode.GetString(bytes[2..])
                : Encoding.Unicode.GetString(bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) ? bytes[2..] : bytes),
            2 => Encoding.BigEndianUnicode.GetString(bytes),
            _ => Encoding.UTF8.GetString(bytes),
        };
        text = text?.Split('\0')[0].Trim();
        return string.IsNullOrEmpty(text) ? null : text;
    }

    private static int SyncSafe(ReadOnlySpan<byte> bytes) =>
        (bytes[0] & 0x7F) << 21 | (bytes[1] & 0x7F) << 14 | (bytes[2] & 0x7F) << 7 | (bytes[3] & 0x7F);

    // 0xFF 0x00 stands for 0xFF.
    private static byte[] Resynchronized(ReadOnlySpan<byte> bytes)
    {
        var plain = new List<byte>(bytes.Length);
        for (var i = 0; i < bytes.Length; i++)
        {
            plain.Add(bytes[i]);
            if (bytes[i] == 0xFF && i + 1 < bytes.Length && bytes[i + 1] == 0)
                i++;
        }

        return [.. plain];
    }
}
