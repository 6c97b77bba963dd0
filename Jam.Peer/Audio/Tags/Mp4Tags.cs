using Jam.Peer.Audio.Aac;
using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Tags;

/// <summary>The list of items that MP4 players write: moov, udta, meta, ilst.</summary>
internal static class Mp4Tags
{
    public static TrackTags Read(ITrackReader reader, CancellationToken cancellationToken)
    {
        var tags = TrackTags.None;
        var movie = Mp4Track.Movie(reader, out _, cancellationToken);
        var meta = Mp4Track.Find(movie, "udta", "meta");
        for (var items = Mp4Track.Find(meta[Math.Min(4, meta.Length)..], "ilst"); Mp4Track.TryBox(ref items, out var name, out var item);)
        {
            // Type and locale come before the value.
            var data = Mp4Track.Find(item, "data");
            if (data.Length <= 8)
                continue;
            var value = data[8..];
            tags = name switch
            {
                "\u00a9nam" => tags with { Title = TagReader.Text(value) },
                "\u00a9ART" => tags with { Artist = TagReader.Text(value) },
                "\u00a9alb" => tags with { Album = TagReader.Text(value) },
                "covr" when value.Length <= Picture.MaxBytes && Picture.TypeOf(value) is not null => tags with { Cover = value.ToArray() },
                _ => tags,
            };
        }

        return tags;
    }
}
