using System.Globalization;
using System.Text.RegularExpressions;

namespace Jam.Peer.Cli.Options;

/// <summary>Reads what people write for rates, durations and positions. Pure; null or false where it is none.</summary>
internal static partial class Units
{
    /// <summary>
    /// Bytes per second from <c>500k</c>, <c>2M</c>, <c>1.5MB/s</c> (decimal: k is 1000) or bits per second with <c>kbit</c>,
    /// <c>Mbit</c>. A lone <c>kb</c> is refused, since half of its readers would take it for the other.
    /// </summary>
    public static long? BytesPerSecond(string text)
    {
        var match = Rate().Match(text);
        if (!match.Success || !TryNumber(match.Groups["number"].Value, out var number))
            return null;
        var scale = match.Groups["scale"].Value.ToUpperInvariant() switch { "K" => 1e3, "M" => 1e6, "G" => 1e9, _ => 1 };
        var bytes = number * scale / (match.Groups["bit"].Success ? 8 : 1);
        return bytes is >= 1 and <= 1e15 ? (long)Math.Round(bytes) : null;
    }

    /// <summary>Bytes from <c>500M</c>, <c>2G</c>, <c>1.5GB</c> (decimal). A rate, with <c>/s</c> or bits, is refused.</summary>
    public static long? Bytes(string text) =>
        text.Contains('s', StringComparison.Ordinal) || text.Contains('b', StringComparison.Ordinal) ? null : BytesPerSecond(text);

    /// <summary>A length of time: seconds (<c>15</c>, <c>0.25</c>) or <c>1h2m3s</c> in parts, in that order.</summary>
    public static TimeSpan? Duration(string text)
    {
        if (TryNumber(text, out var seconds))
            return Bounded(seconds);
        var match = Parts().Match(text);
        if (!match.Success || text.Length == 0)
            return null;
        return Bounded(Part(match, "h") * 3600 + Part(match, "m") * 60 + Part(match, "s"));
    }

    /// <summary>A place in a track in microseconds: seconds (<c>75.5</c>), <c>m:ss</c> or <c>h:mm:ss</c>, with decimals.</summary>
    public static long? PositionUs(string text)
    {
        var parts = text.Split(':');
        if (parts.Length > 3)
            return null;
        var total = 0.0;
        for (var i = 0; i < parts.Length; i++)
        {
            if (!TryNumber(parts[i], out var value) || (i > 0 && value >= 60) || (i < parts.Length - 1 && value % 1 != 0))
                return null;
            total = total * 60 + value;
        }
        return total <= 30 * 86400 ? (long)Math.Round(total * 1e6) : null;
    }

    /// <summary>A finite number that is not negative, with a point for decimals.</summary>
    public static bool TryNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);

    private static TimeSpan? Bounded(double seconds) => seconds is >= 0 and <= 30 * 86400 ? TimeSpan.FromSeconds(seconds) : null;

    private static double Part(Match match, string name) =>
        match.Groups[name].Success ? double.Parse(match.Groups[name].Value, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(@"^(?<number>[0-9.]+)(?:(?<scale>[kKmMgG])?(?:B|(?<bit>[bB]it|b(?=ps)))?(?:/s|ps)?)$")]
    private static partial Regex Rate();

    [GeneratedRegex(@"^(?:(?<h>[0-9]{1,6})h)?(?:(?<m>[0-9]{1,6})m)?(?:(?<s>[0-9]{1,8}(?:\.[0-9]{1,6})?)s)?$")]
    private static partial Regex Parts();
}
