using Jam.Peer.Audio.Mp3;
using Jam.Peer.Playback;

namespace Jam.Peer.Audio;

/// <summary>Which byte of a track holds an instant of it, by its index.</summary>
internal static class TrackPlaces
{
    /// <summary>Between two entries by proportion.</summary>
    /// <param name="index">The track's index.</param>
    /// <param name="positionUs">Position in the track, microseconds; beyond the end is the end.</param>
    /// <param name="trackBytes">Length of the track.</param>
    /// <returns>The byte; null where the index does not tell.</returns>
    public static double? ByteAt(TrackIndex index, long positionUs, long trackBytes) => index switch
    {
        Mp3Index mp3 => Mp3Places.ByteAt(mp3, positionUs, trackBytes),
        SoundIndex sound => sound.ByteAt(positionUs),
        ChainIndex chain => chain.ByteAt(positionUs),
        _ => null,
    };
}
