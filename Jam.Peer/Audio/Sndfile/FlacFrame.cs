namespace Jam.Peer.Audio.Sndfile;

/// <summary>The header that begins every frame of FLAC (RFC 9639, section 9.1).</summary>
/// <param name="IsVariable">Whether <paramref name="Number"/> counts sound frames; else it counts frames of FLAC.</param>
/// <param name="Number">Where it stands in the track.</param>
/// <param name="BlockSize">Sound frames that it holds.</param>
/// <param name="Kind">Bits that are the same in all frames of a track: strategy, sample rate, bits per sample.</param>
internal readonly record struct FlacFrame(bool IsVariable, long Number, int BlockSize, int Kind)
{
    /// <summary>No header is longer.</summary>
    public const int MaxHeaderBytes = 16;

    private static readonly byte[] s_crc8 = Table();

    /// <summary>Reads a header; false where there is none with a good checksum.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out FlacFrame frame)
    {
        frame = default;
        if (bytes.Length < 6 || bytes[0] != 0xFF || (bytes[1] & 0xFE) != 0xF8)
            return false;
        var (block, rate, channels, bits) = (bytes[2] >> 4, bytes[2] & 15, bytes[3] >> 4, (bytes[3] >> 1) & 7);
        if (block == 0 || rate == 15 || channels > 10 || bits == 3 || (bytes[3] & 1) != 0)
            return false;
        var at = 4;
        if (!TryNumber(bytes, ref at, out var number))
            return false;
        var blockBytes = block switch { 6 => 1, 7 => 2, _ => 0 };
        var rateBytes = rate switch { 12 => 1, 13 or 14 => 2, _ => 0 };
        if (bytes.Length <= at + blockBytes + rateBytes)
            return false;
        var size = block switch
        {
            1 => 192,
            <= 5 => 576 << (block - 2),
            6 => bytes[at] + 1,
            7 => (bytes[at] << 8 | bytes[at + 1]) + 1,
            _ => 256 << (block - 8),
        };
        at += blockBytes + rateBytes;
        var crc = 0;
        foreach (var value in bytes[..at])
            crc = s_crc8[crc ^ value];
        frame = new FlacFrame((bytes[1] & 1) != 0, number, size, (bytes[1] & 1) << 8 | rate << 4 | bits);
        return crc == bytes[at];
    }

    // As UTF-8 extends to 36 bits.
    private static bool TryNumber(ReadOnlySpan<byte> bytes, ref int at, out long number)
    {
        number = bytes[at++];
        if (number < 0x80)
            return true;
        var more = System.Numerics.BitOperations.LeadingZeroCount(~((uint)number << 24)) - 1;
        if (more is < 1 or > 6 || bytes.Length < at + more)
            return false;
        number &= 0x3F >> more;
        for (; more > 0; more--)
        {
            if ((bytes[at] & 0xC0) != 0x80)
                return false;
            number = number << 6 | (long)(bytes[at++] & 0x3F);
        }
        return true;
    }

    private static byte[] Table()
    {
        var table = new byte[256];
        for (var i = 0; i < table.Length; i++)
        {
            var crc = i;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc << 1 ^ ((crc & 0x80) != 0 ? 0x07 : 0)) & 0xFF;
            table[i] = (byte)crc;
        }
        return table;
    }
}
