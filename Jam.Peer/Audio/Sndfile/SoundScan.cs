using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>What a pass over all bytes of a track has found.</summary>
/// <param name="Index">Where its sound stands; null where it cannot be told.</param>
/// <param name="LostShare">How much of its sound cannot be decoded, 0 to 1, as far as its checksums tell.</param>
/// <param name="FirstLostUs">Where the first of that is, microseconds.</param>
internal readonly record struct SoundScan(SoundIndex? Index, double LostShare, long FirstLostUs)
{
    /// <summary>Passes over a complete track.</summary>
    /// <param name="reader">The track.</param>
    /// <param name="format">How it is packed.</param>
    /// <param name="sampleRate">As decoded, sound frames per second.</param>
    /// <param name="channels">As decoded.</param>
    /// <param name="lengthFrames">As decoded.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static SoundScan Of(
        ITrackReader reader, TrackFormat format, int sampleRate, int channels, long lengthFrames, CancellationToken cancellationToken) =>
        format.Container switch
        {
            Container.Flac => new FlacScan(reader, sampleRate, channels, lengthFrames).Run(format.Start, cancellationToken),
            Container.Ogg => new OggScan(reader, sampleRate, channels, lengthFrames).Run(format.Start, cancellationToken),
            Container.Wav or Container.Aiff or Container.Other => new SoundScan(
                PlainScan.IndexOf(reader, format, sampleRate, channels, lengthFrames, cancellationToken), 0, 0),
            _ => default,
        };
}
