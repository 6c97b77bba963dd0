namespace Jam.Peer.Audio.Tags;

/// <summary>What a file says of itself, as it stands there: not cleaned, each null where it says nothing.</summary>
/// <param name="Title">Of the piece.</param>
/// <param name="Artist">Who plays it.</param>
/// <param name="Album">Where it is from.</param>
/// <param name="Cover">A picture, at most <see cref="Picture.MaxBytes"/>, of a type that <see cref="Picture.TypeOf"/> knows.</param>
public sealed record TrackTags(string? Title = null, string? Artist = null, string? Album = null, byte[]? Cover = null)
{
    internal static TrackTags None { get; } = new();

    /// <summary>What this one does not say is taken from another.</summary>
    internal TrackTags Or(TrackTags other) =>
        new(Title ?? other.Title, Artist ?? other.Artist, Album ?? other.Album, Cover ?? other.Cover);
}
