using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Tags;

/// <summary>The metadata blocks in front of a FLAC stream.</summary>
internal static class FlacTags
{
    private const int Comment = 4;
    private const int PictureBlock = 6;
    private const int MaxBlocks = 128;

    public static TrackTags Read(ITrackReader reader, long start, CancellationToken cancellationToken)
    {
        var tags = TrackTags.None;
        byte[]? cover = null;
        var hasFront = false;
        var at = start + 4;
        for (var i = 0; i < MaxBlocks; i++)
        {
            var head = TagBytes.Read(reader, at, 4, cancellationToken);
            if (head.Length < 4)
                break;
            var size = head[1] << 16 | head[2] << 8 | head[3];
            if ((head[0] & 0x7F) == Comment)
            {
                tags = VorbisComment.Parse(TagBytes.Read(reader, at + 4, size, cancellationToken));
            }
            else if ((head[0] & 0x7F) == PictureBlock && !hasFront
                && VorbisComment.PictureOf(TagBytes.Read(reader, at + 4, size, cancellationToken), out var isFront) is { } picture)
            {
                cover = isFront ? picture : cover ?? picture;
                hasFront = isFront;
            }

            at += 4 + size;
            if ((head[0] & 0x80) != 0)
                break;
        }

        return tags with { Cover = cover ?? tags.Cover };
    }
}
