using Jam.Peer.Audio.Mp3;
using Jam.Peer.Playback;
using Jam.Peer.Session;

namespace Jam.Peer.Audio;

/// <summary>What a file holds, or why it cannot be played; one of both.</summary>
/// <param name="DurationUs">How long it plays; null where it cannot be played.</param>
/// <param name="SampleRate">Frames per second.</param>
/// <param name="Channels">1 or 2.</param>
/// <param name="Error">One clause for people, for example "it holds no MP3 audio"; null where it can be played.</param>
public sealed record TrackProbe(long? DurationUs, int SampleRate, int Channels, string? Error);

/// <summary>Opens tracks.</summary>
public static class DecoderFactory
{
    /// <summary>Looks at a file on disk: the duration is known, not guessed. Reads the whole file where no tag tells.</summary>
    /// <exception cref="JamException">The file cannot be read, or the decoder's library is missing.</exception>
    public static TrackProbe Probe(string path, CancellationToken cancellationToken = default)
    {
        try
        {
            using var reader = new FileTrackReader(path);
            return Probe(reader, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new JamException($"cannot read {path}: {e.Message}", e);
        }
    }

    /// <summary>Looks at a track, which should be complete: bytes that are not here are waited for.</summary>
    /// <exception cref="JamException">The decoder's library is missing.</exception>
    public static TrackProbe Probe(ITrackReader reader, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reader);
        using var decoder = Mpg123Decoder.Open(reader, out var error, cancellationToken);
        if (decoder is null)
            return new TrackProbe(null, 0, 0, error);
        var frames = decoder.LengthFrames ?? decoder.CountFrames(cancellationToken);
        return frames == 0
            ? new TrackProbe(null, 0, 0, "it holds no sound")
            : new TrackProbe((long)(frames * 1e6 / decoder.SampleRate), decoder.SampleRate, decoder.Channels, null);
    }

    /// <summary>Opens a track that may still be arriving.</summary>
    /// <returns>The decoder, or null and why the bytes cannot be played.</returns>
    internal static ITrackDecoder? Open(ITrackReader reader, out string? error, CancellationToken cancellationToken) =>
        Mpg123Decoder.Open(reader, out error, cancellationToken);
}
