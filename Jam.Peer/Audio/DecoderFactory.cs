using Jam.Peer.Audio.Aac;
using Jam.Peer.Audio.Mp3;
using Jam.Peer.Audio.Sndfile;
using Jam.Peer.Audio.Tags;
using Jam.Peer.Playback;
using Jam.Peer.Session;

namespace Jam.Peer.Audio;

/// <summary>What a file holds, or why it cannot be played; one of both.</summary>
/// <param name="DurationUs">How long it plays; null where it cannot be played.</param>
/// <param name="SampleRate">Frames per second.</param>
/// <param name="Channels">1 to 64; more than two are mixed down.</param>
/// <param name="Error">One clause for people, for example "it holds no audio"; null where it can be played.</param>
public sealed record TrackProbe(long? DurationUs, int SampleRate, int Channels, string? Error)
{
    /// <summary>Where its frames stand in its bytes, for others to seek by; null for a format that needs none.</summary>
    public TrackIndex? Index { get; init; }

    /// <summary>Decibels by which a tagger says that it should be amplified to be as loud as others; null where none has.</summary>
    public double? GainDb { get; init; }

    /// <summary>So much of it cannot be decoded and will be silent, microseconds; little, since it could be announced.</summary>
    public long DamagedUs { get; init; }

    /// <summary>Where the first of that is, microseconds.</summary>
    public long DamagedAtUs { get; init; }

    /// <summary>What to do about the error, one clause; null where it plays.</summary>
    public string? Advice { get; init; }

    /// <summary>What it says of itself; null where nothing.</summary>
    public TrackTags? Tags { get; init; }

    /// <summary>It is none that can be played.</summary>
    internal static TrackProbe Failed(string error, string advice = "seed MP3, WAV, AIFF, FLAC, Ogg Vorbis, Opus or M4A") =>
        new(null, 0, 0, error) { Advice = advice };

    /// <summary>A track of which more cannot be decoded is not announced; silence of some seconds is no music.</summary>
    internal const double MostLost = 0.02;

    /// <summary>Too much of it is damaged.</summary>
    internal static TrackProbe Lost(double share, long firstUs) => Damaged(FormattableString.Invariant(
        $"it is damaged: {100 * share:0.#} % of it cannot be decoded, the first of that at {firstUs / 60_000_000}:{firstUs / 1_000_000 % 60:00}"));

    /// <summary>It would be one, if it were whole.</summary>
    internal static TrackProbe Damaged(string error) => Failed(error, "copy or download it again");
}

/// <summary>
/// Opens tracks: MP3 through libmpg123; WAV, AIFF, FLAC, Ogg Vorbis, Opus and some others through libsndfile; AAC in MP4 through ffmpeg.
/// Others may be asked for in the place of the first two.
/// </summary>
public static class DecoderFactory
{
    /// <summary>Looks at a file on disk: the duration is known, not guessed. Reads the whole file where no header tells.</summary>
    /// <exception cref="JamException">The file cannot be read, or the decoder's library is missing.</exception>
    public static TrackProbe Probe(string path, CancellationToken cancellationToken = default) => Probe(path, DecoderKind.Auto, cancellationToken);

    /// <summary>Looks at a file on disk with certain libraries.</summary>
    /// <exception cref="JamException">The file cannot be read, or the decoder's library is missing.</exception>
    public static TrackProbe Probe(string path, DecoderKind decoder, CancellationToken cancellationToken)
    {
        try
        {
            using var reader = new FileTrackReader(path);
            return Probe(reader, decoder, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new JamException($"cannot read {path}: {e.Message}", e);
        }
    }

    /// <summary>Looks at a track, which should be complete: bytes that are not here are waited for.</summary>
    /// <exception cref="JamException">The decoder's library is missing.</exception>
    public static TrackProbe Probe(ITrackReader reader, CancellationToken cancellationToken = default) =>
        Probe(reader, DecoderKind.Auto, cancellationToken);

    /// <summary>Looks at a track with certain libraries.</summary>
    /// <exception cref="JamException">The decoder's library is missing.</exception>
    internal static TrackProbe Probe(ITrackReader reader, DecoderKind decoder, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var format = TrackFormat.Of(reader, cancellationToken);
        var decoders = Decoders.Of(decoder);
        var probe = format.Container switch
        {
            Container.Mp4 => AacProbe.Look(reader, cancellationToken),
            Container.Mpeg when AacProbe.IsBare(reader, format.Start, cancellationToken) => AacProbe.Bare,
            Container.Mpeg => Mp3Probe.Look(reader, decoders.Mp3, cancellationToken),
            _ => SndfileProbe.Look(reader, format, decoders.SoundFile, cancellationToken),
        };
        return probe.Error is null ? probe with
        {
            GainDb = ReplayGainTag.Find(reader, cancellationToken),
            Tags = TagReader.Read(reader, format, cancellationToken) is var tags && tags != TrackTags.None ? tags : null,
        } : probe;
    }

    /// <summary>Opens a track that may still be arriving.</summary>
    /// <returns>The decoder, or null and why the bytes cannot be played.</returns>
    internal static ITrackDecoder? Open(ITrackReader reader, out string? error, CancellationToken cancellationToken) =>
        Open(reader, null, Decoders.Of(DecoderKind.Auto), 0, out error, cancellationToken);

    /// <summary>Opens a track that may still be arriving, by its index where there is one, which needs none of its first bytes.</summary>
    /// <param name="reader">Its bytes.</param>
    /// <param name="index">Where its frames stand; null: nobody has said.</param>
    /// <param name="decoders">The libraries that decode.</param>
    /// <param name="fromUs">What will be asked for first, for a decoder to which that is worth something.</param>
    /// <param name="error">Why it cannot be played.</param>
    /// <param name="cancellationToken">Ends a wait for bytes.</param>
    /// <returns>The decoder, which may need a seek first, or null and why the bytes cannot be played.</returns>
    internal static ITrackDecoder? Open(
        ITrackReader reader, TrackIndex? index, Decoders decoders, long fromUs, out string? error, CancellationToken cancellationToken)
    {
        error = null;
        if (index is Mp3Index mp3 && Mp3Decoder.Open(reader, mp3, decoders.Mp3) is { } indexed)
            return indexed;
        if (index is SoundIndex sound)
            return SndfileDecoder.Open(reader, sound, decoders.SoundFile, PlainOpening, out error, cancellationToken);
        if (index is ChainIndex chain)
            return new ChainedDecoder(reader, chain, decoders.SoundFile);
        var format = TrackFormat.Of(reader, cancellationToken);
        return format.Container switch
        {
            Container.Mpeg => Mp3Decoder.Open(reader, decoders.Mp3, out error, cancellationToken),
            Container.Mp4 => AacDecoder.Open(reader, fromUs, out error, cancellationToken),
            _ => SndfileDecoder.Open(reader, null, decoders.SoundFile, PlainOpening, out error, cancellationToken),
        };

        (long Start, OpenSoundFile Open) PlainOpening(CancellationToken token)
        {
            var found = TrackFormat.Of(reader, token);
            return (found.Start, LongWav.By(reader, found, decoders.SoundFile, token));
        }
    }
}
