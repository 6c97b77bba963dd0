namespace Jam.Peer.Playback;

/// <summary>How the sound of a track is found by its <see cref="SoundIndex"/>.</summary>
internal enum SoundKind
{
    /// <summary>Frames of FLAC: each is whole by itself.</summary>
    Flac = 'F',

    /// <summary>Pages of Vorbis: the first packet of a stretch only leads to the second.</summary>
    Vorbis = 'V',

    /// <summary>Pages of Opus: a decoder that jumped has to settle.</summary>
    Opus = 'O',

    /// <summary>Samples as they are: a place follows from its number.</summary>
    Plain = 'P',
}

/// <summary>What an index says of the whole track.</summary>
/// <param name="Kind">How sound is found.</param>
/// <param name="SampleRate">Sound frames per second, as decoded.</param>
/// <param name="Channels">1 to 64.</param>
/// <param name="LengthFrames">Sound frames in the track.</param>
/// <param name="EndByte">Behind the last byte of sound.</param>
/// <param name="Head">What a decoder reads before the bytes of an entry.</param>
/// <param name="Tail">What a decoder finds behind all sound.</param>
internal readonly record struct SoundLayout(
    SoundKind Kind, int SampleRate, int Channels, long LengthFrames, long EndByte, byte[] Head, byte[] Tail);

/// <summary>Bytes whose checksums are wrong: what they held is silent, and what follows is in time.</summary>
/// <param name="From">The first of them.</param>
/// <param name="Until">Behind the last.</param>
internal readonly record struct SoundHole(long From, long Until);
