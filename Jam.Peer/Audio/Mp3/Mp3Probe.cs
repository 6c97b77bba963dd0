using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Mp3;

/// <summary>Whether a complete MP3 can be played from its beginning to its end.</summary>
internal static class Mp3Probe
{
    /// <summary>A file that lacks more of the frames that it announces than this is no longer the track.</summary>
    private const double LeastFrames = 0.98;

    public static TrackProbe Look(ITrackReader reader, Func<Mp3Header, IMp3Codec> codec, CancellationToken cancellationToken)
    {
        using var decoder = Mp3Decoder.Open(reader, codec, out var error, cancellationToken);
        if (decoder is null)
            return TrackProbe.Failed(error!);
        var counted = decoder.Stream.CountAll(cancellationToken);
        if (decoder.Stream.Tag?.Frames is { } announced && counted < announced * LeastFrames)
            return TrackProbe.Damaged($"it is cut off or damaged: {counted} of {announced} frames can be found");
        var frames = decoder.LengthFrames ?? decoder.CountFrames(cancellationToken);
        return frames == 0
            ? TrackProbe.Failed("it holds no sound")
            : new TrackProbe((long)((Int128)frames * 1_000_000 / decoder.SampleRate), decoder.SampleRate, decoder.Channels, null)
            {
                Index = decoder.Stream.MakeIndex(cancellationToken),
            };
    }
}
