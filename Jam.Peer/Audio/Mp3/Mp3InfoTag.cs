using System.Buffers.Binary;

namespace Jam.Peer.Audio.Mp3;

/// <summary>
/// What encoders write into an otherwise silent first frame: "Xing" (variable bitrate) or "Info" (constant), and LAME's gapless figures.
/// </summary>
/// <param name="IsConstantBitrate">Whether the tag says that every frame has the same bitrate.</param>
/// <param name="Frames">Frames after this one; null where it does not say.</param>
/// <param name="Bytes">Bytes of the stream, this frame included; null where it does not say.</param>
/// <param name="Delay">Samples that the encoder put before the first; null where it does not say.</param>
/// <param name="Padding">Samples that the encoder put after the last; null where it does not say.</param>
internal readonly record struct Mp3InfoTag(bool IsConstantBitrate, long? Frames, long? Bytes, int? Delay, int? Padding)
{
    /// <summary>Samples by which every layer 3 decoder is late.</summary>
    public const int DecoderDelay = 529;

    /// <summary>Reads the tag of a whole frame; false where the frame is sound like any other.</summary>
    public static bool TryParse(in Mp3Header header, ReadOnlySpan<byte> frame, out Mp3InfoTag tag)
    {
        tag = default;
        if (header.Layer != 3)
            return false;
        // VBRI has its fixed place and no gapless figures.
        if (frame.Length >= 36 + 18 && frame.Slice(36, 4).SequenceEqual("VBRI"u8))
        {
            var vbri = frame[36..];
            tag = new Mp3InfoTag(
                false, BinaryPrimitives.ReadUInt32BigEndian(vbri[14..]), BinaryPrimitives.ReadUInt32BigEndian(vbri[10..]), null, null);
            return true;
        }

        foreach (var crc in (ReadOnlySpan<int>)[0, 2])
        {
            var at = Mp3Header.Size + header.SideInfoBytes + crc;
            if (frame.Length < at + 8)
                return false;
            var isInfo = frame.Slice(at, 4).SequenceEqual("Info"u8);
            if (isInfo || frame.Slice(at, 4).SequenceEqual("Xing"u8))
                return Read(frame[at..], isInfo, out tag);
        }
        return false;
    }

    private static bool Read(ReadOnlySpan<byte> bytes, bool isInfo, out Mp3InfoTag tag)
    {
        var flags = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        var rest = bytes[8..];
        var frames = (flags & 1) != 0 ? Take(ref rest) : null;
        var length = (flags & 2) != 0 ? Take(ref rest) : null;
        if ((flags & 4) != 0)
            rest = rest.Length >= 100 ? rest[100..] : default;
        if ((flags & 8) != 0)
            Take(ref rest);

        // Nine characters name the encoder; at 21 stand two figures of 12 bits.
        int? delay = null, padding = null;
        if (rest.Length >= 24 && char.IsAsciiLetter((char)rest[0]) && char.IsAsciiLetter((char)rest[1]))
        {
            delay = rest[21] << 4 | rest[22] >> 4;
            padding = (rest[22] & 15) << 8 | rest[23];
        }
        tag = new Mp3InfoTag(isInfo, frames, length, delay, padding);
        return true;
    }

    private static long? Take(ref ReadOnlySpan<byte> rest)
    {
        if (rest.Length < 4)
        {
            rest = default;
            return null;
        }
        var value = BinaryPrimitives.ReadUInt32BigEndian(rest);
        rest = rest[4..];
        return value;
    }
}
