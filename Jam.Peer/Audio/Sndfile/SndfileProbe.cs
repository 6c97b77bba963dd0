using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>Whether a complete file can be played from its beginning to its end.</summary>
internal static class SndfileProbe
{
    /// <summary>Decoded at either end: damage there shows that the file is cut off, or is not what it says.</summary>
    private const int EndFrames = 8192;

    public static TrackProbe Look(ITrackReader reader, TrackFormat format, OpenSoundFile open, CancellationToken cancellationToken)
    {
        if (ContainerCheck.MissingBytes(reader, format, cancellationToken) is > 0 and var missing)
            return TrackProbe.Damaged($"it is cut off: its last {missing} bytes or more are missing");
        using var decoder = SndfileDecoder.Open(reader, format.Start, open, out var error, cancellationToken);
        if (decoder is null)
            return error!.StartsWith("it is damaged", StringComparison.Ordinal) ? TrackProbe.Damaged(error) : TrackProbe.Failed(error);
        var length = decoder.LengthFrames ?? decoder.CountFrames(cancellationToken);
        if (length == 0)
            return TrackProbe.Failed("it holds no sound");
        var block = new float[2 * EndFrames];
        decoder.SeekFrames(0, cancellationToken);
        decoder.Read(block, cancellationToken);
        if (decoder.Concealed > 0)
            return TrackProbe.Damaged("it is damaged at its beginning");
        decoder.SeekFrames(Math.Max(0, length - EndFrames), cancellationToken);
        if (decoder.Read(block, cancellationToken) != Math.Min(length, EndFrames) || decoder.Concealed > 0)
            return TrackProbe.Damaged("it is cut off or damaged at its end");
        return new TrackProbe((long)((Int128)length * 1_000_000 / decoder.SampleRate), decoder.SampleRate, decoder.Channels, null);
    }
}
