using Jam.Peer.Audio.Mp3;
using Jam.Peer.Playback;

namespace Jam.Peer.Audio;

/// <summary>How the bytes of a track are packed.</summary>
internal enum Container
{
    /// <summary>Frames of MPEG audio, or nothing that is known.</summary>
    Mpeg,

    /// <summary>RIFF WAVE and its big-endian kin.</summary>
    Wav,

    /// <summary>AIFF and AIFF-C.</summary>
    Aiff,

    /// <summary>Native FLAC.</summary>
    Flac,

    /// <summary>Ogg: Vorbis, Opus, FLAC.</summary>
    Ogg,

    /// <summary>Others that libsndfile reads: RF64, Wave64, CAF, AU.</summary>
    Other,

    /// <summary>MP4, M4A.</summary>
    Mp4,
}

/// <summary>What kind of track it is, by its first bytes; names of files are not trusted.</summary>
/// <param name="Container">How it is packed.</param>
/// <param name="Start">Where it begins, after ID3v2 tags.</param>
internal readonly record struct TrackFormat(Container Container, long Start)
{
    private const int HeadBytes = 16;

    /// <summary>Looks at a track; waits for its first bytes.</summary>
    public static TrackFormat Of(ITrackReader reader, CancellationToken cancellationToken)
    {
        var window = new ByteWindow(reader);
        var start = Id3.Skip(window, cancellationToken);
        return new TrackFormat(Of(window.Get(start, HeadBytes, cancellationToken)), start);
    }

    private static Container Of(ReadOnlySpan<byte> head)
    {
        if (head.Length < 12)
            return Container.Mpeg;
        var form = head[8..12];
        if (head.StartsWith("RIFF"u8) || head.StartsWith("RIFX"u8))
            return form.SequenceEqual("WAVE"u8) ? Container.Wav : Container.Mpeg;
        if (head.StartsWith("FORM"u8))
            return form.SequenceEqual("AIFF"u8) || form.SequenceEqual("AIFC"u8) ? Container.Aiff : Container.Mpeg;
        if (head.StartsWith("fLaC"u8))
            return Container.Flac;
        if (head.StartsWith("OggS"u8))
            return Container.Ogg;
        if (head.StartsWith("RF64"u8) || head.StartsWith("riff"u8) || head.StartsWith("caff"u8) || head.StartsWith(".snd"u8))
            return Container.Other;
        return head[4..8].SequenceEqual("ftyp"u8) ? Container.Mp4 : Container.Mpeg;
    }
}
