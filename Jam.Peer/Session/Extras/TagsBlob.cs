using System.Text.Json;
using System.Text.Json.Serialization;
using Jam.Peer.Audio;
using Jam.Server.Contracts;

namespace Jam.Peer.Session.Extras;

/// <summary>What a track's tags say, as it travels beside the track: JSON of at most <see cref="MaxBytes"/>. All text is fit to be shown.</summary>
/// <param name="Title">Of the piece.</param>
/// <param name="Artist">Who plays it.</param>
/// <param name="Album">Where it is from.</param>
/// <param name="DurationUs">How long it plays, microseconds.</param>
/// <param name="GainDb">ReplayGain of the track, decibels.</param>
internal sealed record TagsBlob(string? Title = null, string? Artist = null, string? Album = null, long? DurationUs = null, double? GainDb = null)
{
    /// <summary>No blob is longer.</summary>
    public const int MaxBytes = 16 * 1024;

    private const int MaxText = 200;
    private const double MaxGainDb = 30;

    /// <summary>Of what a file's probe has found.</summary>
    public static TagsBlob Of(TrackProbe probe) =>
        new TagsBlob(probe.Tags?.Title, probe.Tags?.Artist, probe.Tags?.Album, probe.DurationUs, probe.GainDb).Clean();

    /// <summary>Reads a blob; null where it is none.</summary>
    /// <param name="blob">From anyone.</param>
    public static TagsBlob? TryParse(ReadOnlySpan<byte> blob)
    {
        if (blob.Length > MaxBytes)
            return null;
        try
        {
            return JsonSerializer.Deserialize(blob, TagsJson.Default.TagsBlob)?.Clean();
        }
        catch (JsonException)
        {
            return null;
        }
        catch (InvalidOperationException)
        {
            // A string that is no Unicode shows only when it is read.
            return null;
        }
    }

    /// <summary>The blob; the same tags give the same bytes.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, TagsJson.Default.TagsBlob);

    private TagsBlob Clean() => new(
        Names.Clean(Title, MaxText), Names.Clean(Artist, MaxText), Names.Clean(Album, MaxText),
        DurationUs is >= 0 and <= Limits.MaxPositionUs ? DurationUs : null,
        GainDb is { } db && Math.Abs(db) <= MaxGainDb ? db : null);
}

/// <summary>The JSON of <see cref="TagsBlob"/>.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, MaxDepth = 4)]
[JsonSerializable(typeof(TagsBlob))]
internal sealed partial class TagsJson : JsonSerializerContext;
