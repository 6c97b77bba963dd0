namespace Jam.Peer.Audio.Aac;

/// <summary>What a decoder must know of an AAC stream.</summary>
/// <param name="Profile">Object type less one; 1 for AAC-LC, which HE-AAC builds on.</param>
/// <param name="RateIndex">Place of the core rate in the table of rates.</param>
/// <param name="Channels">Channel configuration, 1 to 7.</param>
internal readonly record struct AacConfig(int Profile, int RateIndex, int Channels)
{
    private const int LowComplexity = 2;
    private const int Sbr = 5;
    private const int ParametricStereo = 29;

    private static readonly int[] s_rates = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

    /// <summary>Samples per second of the core.</summary>
    public int Rate => s_rates[RateIndex];

    /// <summary>Finds the AudioSpecificConfig (ISO/IEC 14496-3) in the boxes of a sample entry; null where it is none that is known.</summary>
    public static AacConfig? Find(ReadOnlySpan<byte> boxes)
    {
        var es = Mp4Track.Find(boxes, "esds");
        // Descriptors nest; the config is the one with tag 5.
        for (var at = 4; at + 2 < es.Length;)
        {
            var tag = es[at++];
            var size = 0;
            for (var i = 0; i < 4 && at < es.Length; i++)
            {
                size = size << 7 | es[at] & 0x7F;
                if (es[at++] < 0x80)
                    break;
            }

            if (tag == 5)
                return size >= 2 && at + size <= es.Length ? Parse(es.Slice(at, size)) : null;
            // Into the two that hold others, past their own fields; over the rest.
            at += tag == 3 ? 3 : tag == 4 ? 13 : size;
        }

        return null;
    }

    private static AacConfig? Parse(ReadOnlySpan<byte> config)
    {
        var type = config[0] >> 3;
        var rate = (config[0] & 7) << 1 | config[1] >> 7;
        var channels = config[1] >> 3 & 15;
        return type is LowComplexity or Sbr or ParametricStereo && rate < s_rates.Length && channels is >= 1 and <= 7
            ? new AacConfig(LowComplexity - 1, rate, channels)
            : null;
    }
}

/// <summary>Frames of AAC as a stream of their own (ISO/IEC 13818-7): seven bytes before each.</summary>
internal static class Adts
{
    public const int HeaderBytes = 7;

    /// <summary>The longest frame that a header can announce.</summary>
    public const int MaxPayload = 8191 - HeaderBytes;

    /// <summary>Writes the header of a frame.</summary>
    public static void Write(Span<byte> header, in AacConfig config, int payloadBytes)
    {
        var size = payloadBytes + HeaderBytes;
        header[0] = 0xFF;
        header[1] = 0xF1;
        header[2] = (byte)(config.Profile << 6 | config.RateIndex << 2 | config.Channels >> 2);
        header[3] = (byte)((config.Channels & 3) << 6 | size >> 11);
        header[4] = (byte)(size >> 3);
        header[5] = (byte)((size & 7) << 5 | 0x1F);
        header[6] = 0xFC;
    }
}
