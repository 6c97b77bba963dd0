using Jam.Peer.Playback;

namespace Jam.Peer.Audio.Aac;

/// <summary>Whether a complete MP4 can be played from its beginning to its end.</summary>
internal static class AacProbe
{
    private const int EndFrames = 8192;

    /// <summary>AAC as broadcast: frames without a table, so that no place in it is known without reading all before it.</summary>
    public static TrackProbe Bare { get; } =
        TrackProbe.Failed("it is AAC without a container", "this makes an M4A of it: ffmpeg -i FILE -c copy FILE.m4a");

    /// <summary>Whether a track begins with such a frame: the sync word of MPEG audio, of no layer.</summary>
    public static bool IsBare(ITrackReader reader, long start, CancellationToken cancellationToken) =>
        new ByteWindow(reader).Get(start, 2, cancellationToken) is [0xFF, var second] && (second & 0xF6) == 0xF0;

    public static TrackProbe Look(ITrackReader reader, CancellationToken cancellationToken)
    {
        if (Mp4Track.Open(reader, out var error, cancellationToken) is null)
        {
            return error!.Contains("damaged", StringComparison.Ordinal) || error.Contains("cut off", StringComparison.Ordinal)
                ? TrackProbe.Damaged(error)
                : TrackProbe.Failed(error, "this makes a FLAC of it: ffmpeg -i FILE FILE.flac");
        }

        if (FfmpegPipe.Find() is null)
            return TrackProbe.Failed(AacDecoder.Missing, AacDecoder.Install);
        using var decoder = AacDecoder.Open(reader, 0, out error, cancellationToken);
        if (decoder is null)
            return TrackProbe.Failed(error!);
        var length = decoder.LengthFrames!.Value;
        var block = new float[2 * EndFrames];
        decoder.SeekFrames(Math.Max(0, length - EndFrames), cancellationToken);
        while (decoder.Read(block, cancellationToken) > 0)
        {
            // To the end, where a file that lacks frames shows it.
        }

        return decoder.IsCutOff
            ? TrackProbe.Damaged("it is cut off or damaged at its end")
            : new TrackProbe((long)((Int128)length * 1_000_000 / decoder.SampleRate), decoder.SampleRate, decoder.Channels, null);
    }
}
