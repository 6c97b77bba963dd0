using System.Globalization;

namespace Jam.Peer.Gateway;

/// <summary>Which bytes of something a request is about (RFC 9110, section 14).</summary>
/// <param name="First">The first of them.</param>
/// <param name="Length">How many.</param>
/// <param name="IsPartial">Whether a range was asked for that is understood: the answer is 206 then.</param>
internal readonly record struct ByteRange(long First, long Length, bool IsPartial)
{
    private const string Unit = "bytes=";

    /// <summary>Reads a Range header.</summary>
    /// <param name="header">Its value; null or empty where there is none.</param>
    /// <param name="total">Length of the whole, above 0.</param>
    /// <returns>
    /// The range; everything where there is no header or one that may be ignored (several ranges, another unit, nonsense); null where it
    /// begins beyond the end (416).
    /// </returns>
    public static ByteRange? Read(string? header, long total)
    {
        var whole = new ByteRange(0, total, false);
        if (header is null || !header.StartsWith(Unit, StringComparison.OrdinalIgnoreCase))
            return whole;
        var spec = header.AsSpan(Unit.Length).Trim();
        var dash = spec.IndexOf('-');
        if (dash < 0 || spec[(dash + 1)..].Contains('-') || spec.Contains(','))
            return whole;
        var from = spec[..dash].Trim();
        var to = spec[(dash + 1)..].Trim();
        if (from.IsEmpty)
        {
            if (!TryRead(to, out var last))
                return whole;
            return last == 0 ? null : new ByteRange(Math.Max(0, total - last), Math.Min(last, total), true);
        }

        if (!TryRead(from, out var first))
            return whole;
        var end = total - 1;
        if (!to.IsEmpty && (!TryRead(to, out end) || end < first))
            return whole;
        return first >= total ? null : new ByteRange(first, Math.Min(end, total - 1) - first + 1, true);
    }

    private static bool TryRead(ReadOnlySpan<char> text, out long value) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
