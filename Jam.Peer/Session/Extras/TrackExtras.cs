using Jam.Peer.Audio.Tags;
using Jam.Peer.Playback;

namespace Jam.Peer.Session.Extras;

/// <summary>What this peer knows of a track beside its bytes.</summary>
/// <param name="Index">Where its frames stand; null where it is not here.</param>
/// <param name="Tags">What its tags say; null where they are not here.</param>
/// <param name="Cover">Its picture; null where it is not here.</param>
internal sealed record TrackExtras(TrackIndex? Index, TagsBlob? Tags, byte[]? Cover)
{
    public static TrackExtras None { get; } = new(null, null, null);

    /// <summary>"JPEG, 48.2 kB"; null without a cover.</summary>
    public string? CoverText => Cover is { } bytes && Picture.TypeOf(bytes) is { } type ? $"{type}, {Describe.Bytes(bytes.Length)}" : null;
}
