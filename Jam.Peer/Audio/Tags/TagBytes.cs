using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Tags;

/// <summary>Reads whole pieces of a track for its tags, never more than a cap.</summary>
internal static class TagBytes
{
    /// <summary>Tags beyond this are not read: a picture and some text fit many times.</summary>
    public const int Max = 8 * 1024 * 1024;

    /// <summary>The bytes of a stretch, cut at the end of the track; empty where the stretch is longer than the cap.</summary>
    public static byte[] Read(ITrackReader reader, long offset, long count, CancellationToken cancellationToken)
    {
        count = Math.Min(count, reader.LengthBytes - offset);
        if (offset < 0 || count is <= 0 or > Max)
            return [];
        var bytes = new byte[count];
        for (var done = 0; done < bytes.Length;)
        {
            var read = reader.Read(offset + done, bytes.AsSpan(done), cancellationToken);
            if (read <= 0)
                return bytes[..done];
            done += read;
        }

        return bytes;
    }
}
