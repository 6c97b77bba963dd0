using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>Whether a complete file can be played from its beginning to its end.</summary>
internal static class SndfileProbe
{
    /// <summary>Decoded at either end: damage there shows that the file is cut off, or is not what it says.</summary>
    private const int EndFrames = 8192;

    /// <summary>Compared at each of a few places.</summary>
    private const int CheckFrames = 1024;

    /// <summary>Opus settles to a little less than this.</summary>
    private const float MostDifference = 1e-3f;

    public static TrackProbe Look(ITrackReader reader, TrackFormat format, OpenSoundFile open, CancellationToken cancellationToken)
    {
        if (ContainerCheck.MissingBytes(reader, format, cancellationToken) is > 0 and var missing)
            return TrackProbe.Damaged($"it is cut off: its last {missing} bytes or more are missing");
        if (format.Container == Container.Ogg && OggChain.Find(reader, format.Start, cancellationToken) is { } links)
            return OggChain.Look(reader, links, open, cancellationToken);
        open = LongWav.By(reader, format, open, cancellationToken);
        using var decoder = SndfileDecoder.Open(reader, null, open, _ => (format.Start, open), out var error, cancellationToken);
        if (decoder is null && format.Container == Container.Ogg && IsFlac(reader, format.Start, cancellationToken))
            return TrackProbe.Failed("it is FLAC in an Ogg, which this machine's libsndfile cannot read", "this makes a FLAC of it: ffmpeg -i FILE -c copy FILE.flac");
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
        var scan = SoundScan.Of(reader, format, decoder.SampleRate, decoder.Channels, length, cancellationToken);
        if (scan.LostShare > TrackProbe.MostLost)
            return TrackProbe.Lost(scan.LostShare, scan.FirstLostUs);
        var durationUs = (long)((Int128)length * 1_000_000 / decoder.SampleRate);
        return new TrackProbe(durationUs, decoder.SampleRate, decoder.Channels, null)
        {
            Index = scan.Index is { } index && IsTrue(scan, index, reader, format, open, decoder, cancellationToken) ? index : null,
            DamagedUs = (long)(scan.LostShare * durationUs),
            DamagedAtUs = scan.FirstLostUs,
        };
    }

    private static bool IsFlac(ITrackReader reader, long start, CancellationToken cancellationToken)
    {
        var page = new ByteWindow(reader).Get(start, OggPage.HeaderBytes + 255 + 5, cancellationToken);
        return OggPage.LengthOf(page) > 0 && OggPage.Body(page).StartsWith("\u007fFLAC"u8);
    }

    /// <summary>Whether what is decoded by the index is what is decoded without it.</summary>
    private static bool IsTrue(
        in SoundScan scan, SoundIndex index, ITrackReader reader, TrackFormat format, OpenSoundFile open, SndfileDecoder straight, CancellationToken cancellationToken)
    {
        using var indexed = SndfileDecoder.Open(reader, index, open, null, out _, cancellationToken);
        if (indexed is null)
            return false;
        var length = index.Layout.LengthFrames;
        var (expected, got) = (new float[2 * CheckFrames], new float[2 * CheckFrames]);
        foreach (var frame in (ReadOnlySpan<long>)[0, length / 3, length / 2, Math.Max(0, length - CheckFrames)])
        {
            // Behind damage only the index is in time: libsndfile plays on without what it lacks.
            if (scan.LostShare > 0 && frame + CheckFrames >= scan.FirstLostUs * 1e-6 * straight.SampleRate)
                break;
            straight.SeekFrames(frame, cancellationToken);
            indexed.SeekFrames(frame, cancellationToken);
            var count = straight.Read(expected, cancellationToken);
            if (indexed.Read(got, cancellationToken) != count || !IsSame(expected.AsSpan(0, 2 * count), got))
                return false;
        }
        return true;
    }

    private static bool IsSame(ReadOnlySpan<float> expected, ReadOnlySpan<float> got)
    {
        for (var i = 0; i < expected.Length; i++)
        {
            if (!(Math.Abs(expected[i] - got[i]) <= MostDifference * Math.Max(1, Math.Abs(expected[i]))))
                return false;
        }
        return true;
    }
}
