using System.Buffers.Text;
using System.Text;
using Jam.Peer.Playback;

namespace Jam.Peer.Audio;

/// <summary>
/// The loudness that a tagger has measured: REPLAYGAIN_TRACK_GAIN in ID3v2 text or a Vorbis comment, R128_TRACK_GAIN (RFC 7845) in
/// Opus. Found by name in a file's first bytes, whatever tag it stands in.
/// </summary>
internal static class ReplayGainTag
{
    /// <summary>Searched for names; tags stand in front.</summary>
    private const int SearchedBytes = 256 * 1024;

    private const int StepBytes = 16 * 1024;
    private const int LongestEntry = 64;
    private const double MaxDb = 30;

    /// <summary>R128 refers to -23 LUFS, ReplayGain to 5 dB more.</summary>
    private const double R128Db = 5;

    /// <summary>Decibels by which the track should be amplified; null where no tag says.</summary>
    public static double? Find(ITrackReader reader, CancellationToken cancellationToken)
    {
        var window = new ByteWindow(reader);
        for (var at = 0; at < Math.Min(SearchedBytes, reader.LengthBytes); at += StepBytes)
        {
            // Names that begin in this step may end in the next.
            var bytes = window.Get(at, StepBytes + LongestEntry, cancellationToken);
            if (Value(bytes, "REPLAYGAIN_TRACK_GAIN") is { } gain)
                return Sane(gain);
            if (Value(bytes, "R128_TRACK_GAIN") is { } r128)
                return Sane(r128 / 256 + R128Db);
        }
        return null;
    }

    private static double? Sane(double db) => Math.Abs(db) <= MaxDb ? db : null;

    private static double? Value(ReadOnlySpan<byte> bytes, string name)
    {
        for (var at = 0; at + name.Length + 1 < bytes.Length; at++)
        {
            if ((bytes[at] | 0x20) != (name[0] | 0x20) || !Ascii.EqualsIgnoreCase(bytes.Slice(at, name.Length), name))
                continue;
            // "=" in a Vorbis comment, 0 in an ID3v2 frame.
            var rest = bytes[(at + name.Length)..];
            if (rest[0] is not ((byte)'=' or 0))
                continue;
            rest = rest[1..].TrimStart(" +"u8);
            if (Utf8Parser.TryParse(rest, out double value, out _) && double.IsFinite(value))
                return value;
        }
        return null;
    }
}
