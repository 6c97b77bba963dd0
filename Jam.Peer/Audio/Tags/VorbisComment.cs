using System.Buffers.Binary;
using System.Text;

namespace Jam.Peer.Audio.Tags;

/// <summary>The comment header of Vorbis, which FLAC and Opus use too, and the picture block of FLAC, which the others carry as base64.</summary>
internal static class VorbisComment
{
    private const int FrontCover = 3;
    private const int MaxComments = 10_000;

    /// <summary>Reads a comment header from the vendor's length on.</summary>
    public static TrackTags Parse(ReadOnlySpan<byte> bytes)
    {
        var tags = TrackTags.None;
        if (!TryTake(ref bytes, out _) || bytes.Length < 4)
            return tags;
        var count = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        bytes = bytes[4..];
        for (var i = 0; i < Math.Min(count, MaxComments) && TryTake(ref bytes, out var comment); i++)
        {
            var at = comment.IndexOf((byte)'=');
            if (at < 0)
                continue;
            var value = comment[(at + 1)..];
            if (Is(comment[..at], "TITLE"))
                tags = tags with { Title = tags.Title ?? TagReader.Text(value) };
            else if (Is(comment[..at], "ARTIST"))
                tags = tags with { Artist = tags.Artist ?? TagReader.Text(value) };
            else if (Is(comment[..at], "ALBUM"))
                tags = tags with { Album = tags.Album ?? TagReader.Text(value) };
            else if (Is(comment[..at], "METADATA_BLOCK_PICTURE"))
                tags = tags with { Cover = tags.Cover ?? Block(value) };
        }

        return tags;
    }

    /// <summary>Reads a picture block; null where it holds none that is of use.</summary>
    public static byte[]? PictureOf(ReadOnlySpan<byte> block, out bool isFront)
    {
        isFront = block.Length >= 4 && BinaryPrimitives.ReadUInt32BigEndian(block) == FrontCover;
        if (block.Length < 4)
            return null;
        block = block[4..];
        // Type of the image, description; then width, height, depth and colours.
        if (!TrySkip(ref block) || !TrySkip(ref block) || block.Length < 20)
            return null;
        var size = BinaryPrimitives.ReadUInt32BigEndian(block[16..]);
        if (size > Math.Min(Picture.MaxBytes, block.Length - 20))
            return null;
        var image = block.Slice(20, (int)size);
        return Picture.TypeOf(image) is null ? null : image.ToArray();
    }

    private static byte[]? Block(ReadOnlySpan<byte> base64)
    {
        var bytes = new byte[base64.Length / 4 * 3 + 3];
        var status = System.Buffers.Text.Base64.DecodeFromUtf8(base64, bytes, out _, out var written);
        return status == System.Buffers.OperationStatus.Done ? PictureOf(bytes.AsSpan(0, written), out _) : null;
    }

    private static bool Is(ReadOnlySpan<byte> name, string wanted) => Ascii.EqualsIgnoreCase(name, wanted);

    private static bool TryTake(ref ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (bytes.Length < 4 || BinaryPrimitives.ReadUInt32LittleEndian(bytes) is var size && size > bytes.Length - 4)
            return false;
        text = bytes.Slice(4, (int)size);
        bytes = bytes[(4 + (int)size)..];
        return true;
    }

    private static bool TrySkip(ref ReadOnlySpan<byte> block)
    {
        if (block.Length < 4 || BinaryPrimitives.ReadUInt32BigEndian(block) is var size && size > block.Length - 4)
            return false;
        block = block[(4 + (int)size)..];
        return true;
    }
}
