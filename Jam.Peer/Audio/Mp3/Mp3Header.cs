using System.Buffers.Binary;

namespace Jam.Peer.Audio.Mp3;

/// <summary>The four bytes that begin every frame of MPEG audio (ISO/IEC 11172-3, 13818-3, and the 2.5 extension).</summary>
/// <param name="Version">1, 2, or 3 for version 2.5.</param>
/// <param name="Layer">1 to 3.</param>
/// <param name="BitrateKbps">Kilobits per second.</param>
/// <param name="SampleRate">Frames of sound per second.</param>
/// <param name="IsPadded">Whether the frame is one slot longer.</param>
/// <param name="HasCrc">Whether two bytes of checksum follow.</param>
/// <param name="Channels">1 or 2.</param>
/// <param name="Bits">The four bytes, big endian.</param>
internal readonly record struct Mp3Header(
    int Version, int Layer, int BitrateKbps, int SampleRate, bool IsPadded, bool HasCrc, int Channels, uint Bits)
{
    public const int Size = 4;

    /// <summary>The longest frame that a header can announce, bytes.</summary>
    public const int MaxFrameBytes = 2881;

    private static readonly int[][] s_bitrates =
    [
        [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
        [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ];

    private static readonly int[] s_rates = [44100, 48000, 32000];

    /// <summary>Sound frames that one frame holds.</summary>
    public int Samples => Layer == 1 ? 384 : Layer == 3 && Version > 1 ? 576 : 1152;

    /// <summary>Bytes from this header to the next.</summary>
    public int FrameBytes => Layer == 1
        ? (12_000 * BitrateKbps / SampleRate + (IsPadded ? 1 : 0)) * 4
        : Samples / 8 * 1000 * BitrateKbps / SampleRate + (IsPadded ? 1 : 0);

    /// <summary>The mean length of frames at this bitrate, bytes: padding keeps to it.</summary>
    public double MeanFrameBytes => Samples / 8.0 * 1000 * BitrateKbps / SampleRate;

    /// <summary>Bytes of side information of layer 3, between the header and what a Xing tag overlays.</summary>
    public int SideInfoBytes => Version == 1 ? Channels == 1 ? 17 : 32 : Channels == 1 ? 9 : 17;

    /// <summary>Whether both can be frames of one stream.</summary>
    public bool IsOfSameStream(in Mp3Header other) =>
        Version == other.Version && Layer == other.Layer && SampleRate == other.SampleRate;

    /// <summary>Reads a header; false where there is none, or one of free format, which nobody uses.</summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out Mp3Header header)
    {
        header = default;
        if (bytes.Length < Size || bytes[0] != 0xFF || (bytes[1] & 0xE0) != 0xE0)
            return false;
        var versionBits = (bytes[1] >> 3) & 3;
        var layerBits = (bytes[1] >> 1) & 3;
        var bitrateIndex = bytes[2] >> 4;
        var rateIndex = (bytes[2] >> 2) & 3;
        if (versionBits == 1 || layerBits == 0 || bitrateIndex is 0 or 15 || rateIndex == 3 || (bytes[3] & 3) == 2)
            return false;
        var version = versionBits switch { 3 => 1, 2 => 2, _ => 3 };
        var layer = 4 - layerBits;
        var table = version == 1 ? layer - 1 : layer == 1 ? 3 : 4;
        header = new Mp3Header(
            version, layer, s_bitrates[table][bitrateIndex], s_rates[rateIndex] >> (version - 1), (bytes[2] & 2) != 0, (bytes[1] & 1) == 0,
            bytes[3] >> 6 == 3 ? 1 : 2, BinaryPrimitives.ReadUInt32BigEndian(bytes));
        return true;
    }

    /// <summary>A frame of this kind that holds nothing.</summary>
    public byte[] SilentFrame()
    {
        const uint noCrc = 1 << 16;
        var frame = new byte[FrameBytes];
        BinaryPrimitives.WriteUInt32BigEndian(frame, Bits | noCrc);
        return frame;
    }
}
