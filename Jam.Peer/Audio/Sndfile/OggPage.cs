using System.Buffers.Binary;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>A page of Ogg (RFC 3533, section 6).</summary>
internal static class OggPage
{
    public const int HeaderBytes = 27;

    /// <summary>Header, 255 sizes, 255 segments.</summary>
    public const int MaxBytes = HeaderBytes + 255 + 255 * 255;

    /// <summary>The page begins with the rest of a packet.</summary>
    public const byte IsContinued = 1;

    /// <summary>It is the last of its stream.</summary>
    public const byte IsEnd = 4;

    private const int CrcAt = 22;

    private static readonly uint[] s_crc = Table();

    /// <summary>Length of the page that begins here; 0 where none does, or too little of it is here to tell.</summary>
    public static int LengthOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes || !bytes.StartsWith("OggS"u8) || bytes[4] != 0 || bytes.Length < HeaderBytes + bytes[26])
            return 0;
        var length = HeaderBytes + bytes[26];
        foreach (var size in Sizes(bytes))
            length += size;
        return length;
    }

    public static byte Flags(ReadOnlySpan<byte> page) => page[5];

    /// <summary>Where its last complete packet ends; -1 where none does.</summary>
    public static long Granule(ReadOnlySpan<byte> page) => BinaryPrimitives.ReadInt64LittleEndian(page[6..]);

    public static uint Serial(ReadOnlySpan<byte> page) => BinaryPrimitives.ReadUInt32LittleEndian(page[14..]);

    /// <summary>Sizes of its segments; one below 255 ends a packet.</summary>
    public static ReadOnlySpan<byte> Sizes(ReadOnlySpan<byte> page) => page.Slice(HeaderBytes, page[26]);

    public static ReadOnlySpan<byte> Body(ReadOnlySpan<byte> page) => page[(HeaderBytes + page[26])..];

    /// <summary>Whether its checksum is right.</summary>
    public static bool IsGood(ReadOnlySpan<byte> page) => Sum(page) == BinaryPrimitives.ReadUInt32LittleEndian(page[CrcAt..]);

    /// <summary>Makes a page of whole packets; null where they are too long for one.</summary>
    public static byte[]? Make(uint serial, uint number, long granule, byte flags, params ReadOnlySpan<byte[]> packets)
    {
        var sizes = new List<byte>();
        foreach (var packet in packets)
        {
            sizes.AddRange(Enumerable.Repeat((byte)255, packet.Length / 255));
            sizes.Add((byte)(packet.Length % 255));
        }
        if (sizes.Count > 255)
            return null;
        var head = new byte[HeaderBytes];
        "OggS"u8.CopyTo(head);
        head[5] = flags;
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(6), granule);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(14), serial);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(18), number);
        head[26] = (byte)sizes.Count;
        var page = new List<byte>([.. head, .. sizes]);
        foreach (var packet in packets)
            page.AddRange(packet);
        byte[] bytes = [.. page];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(CrcAt), Sum(bytes));
        return bytes;
    }

    private static uint Sum(ReadOnlySpan<byte> page)
    {
        var crc = 0u;
        for (var i = 0; i < page.Length; i++)
            crc = crc << 8 ^ s_crc[(byte)(crc >> 24 ^ (i is >= CrcAt and < CrcAt + 4 ? 0 : page[i]))];
        return crc;
    }

    private static uint[] Table()
    {
        var table = new uint[256];
        for (var i = 0u; i < table.Length; i++)
        {
            var crc = i << 24;
            for (var bit = 0; bit < 8; bit++)
                crc = crc << 1 ^ ((crc & 0x8000_0000) != 0 ? 0x04C1_1DB7u : 0u);
            table[i] = crc;
        }
        return table;
    }
}
