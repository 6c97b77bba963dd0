using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Mp3;

/// <summary>Whether a complete MP3 can be played from its beginning to its end.</summary>
internal static class Mp3Probe
{
    public static TrackProbe Look(ITrackReader reader, Func<Mp3Header, IMp3Codec> codec, CancellationToken cancellationToken)
    {
        using var decoder = Mp3Decoder.Open(reader, codec, out var error, cancellationToken);
        if (decoder is null)
            return TrackProbe.Failed(error!);
        var stream = decoder.Stream;
        var counted = stream.CountAll(cancellationToken);
        var lost = 0.0;
        // Some count the frame that says so.
        if (stream.Tag?.Frames is { } announced && counted < announced - 1)
        {
            lost = (announced - counted) / (double)announced;
            if (lost > TrackProbe.MostLost && stream.GarbageBytes == 0)
                return TrackProbe.Damaged($"it is cut off or damaged: {counted} of {announced} frames can be found");
        }
        lost = Math.Max(lost, stream.GarbageBytes / (double)Math.Max(1, reader.LengthBytes - stream.FirstOffset));
        var atUs = Math.Max(0, stream.FirstGarbageAt) * stream.First.Samples * 1_000_000L / decoder.SampleRate;
        if (lost > TrackProbe.MostLost)
            return TrackProbe.Lost(lost, atUs);
        var frames = decoder.LengthFrames ?? decoder.CountFrames(cancellationToken);
        if (frames == 0)
            return TrackProbe.Failed("it holds no sound");
        var durationUs = (long)((Int128)frames * 1_000_000 / decoder.SampleRate);
        return new TrackProbe(durationUs, decoder.SampleRate, decoder.Channels, null)
        {
            Index = stream.MakeIndex(cancellationToken),
            DamagedUs = (long)(lost * durationUs),
            DamagedAtUs = atUs,
        };
    }
}
