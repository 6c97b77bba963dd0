namespace Jam.Peer.Playback;

/// <summary>Integers of variable length, 7 bits per byte, low first, as indexes hold them.</summary>
internal static class IndexBytes
{
    /// <summary>Writes one, 0 or more.</summary>
    public static void Put(List<byte> bytes, long value)
    {
        for (; value > 0x7F; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
    }

    /// <summary>Takes one from the front; false where there is none, or none in its shortest form.</summary>
    public static bool TryTake(ref ReadOnlySpan<byte> rest, out long value)
    {
        value = 0;
        // Eight groups are 56 bits: no sign is reached.
        for (var i = 0; i < 8 && i < rest.Length; i++)
        {
            value |= (long)(rest[i] & 0x7F) << (7 * i);
            if (rest[i] > 0x7F)
                continue;
            // One number has one spelling, so that one index has one hash.
            var isShortest = i == 0 || rest[i] != 0;
            rest = rest[(i + 1)..];
            return isShortest;
        }
        return false;
    }

    /// <summary>Bytes that the steps between every so manieth of rising values take.</summary>
    public static long SizeOf(IReadOnlyList<long> rising, int every)
    {
        var bytes = 0L;
        for (var i = every; i < rising.Count; i += every)
            bytes += (64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)(rising[i] - rising[i - every]) | 1) + 6) / 7;
        return bytes;
    }
}
