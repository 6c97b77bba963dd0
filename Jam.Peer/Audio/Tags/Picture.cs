namespace Jam.Peer.Audio.Tags;

/// <summary>A cover, by its bytes; what a tag calls it is not trusted.</summary>
internal static class Picture
{
    /// <summary>Larger ones stay in their files.</summary>
    public const int MaxBytes = 512 * 1024;

    /// <summary>"JPEG" and the like; null where it is no picture that programs show.</summary>
    public static string? TypeOf(ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]))
            return "JPEG";
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]))
            return "PNG";
        if (bytes.StartsWith("GIF8"u8))
            return "GIF";
        return bytes.Length > 12 && bytes.StartsWith("RIFF"u8) && bytes[8..12].SequenceEqual("WEBP"u8) ? "WebP" : null;
    }
}
