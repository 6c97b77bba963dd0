using Jam.Peer.Playback;
using Jam.Peer.Session;

namespace Jam.Peer.Audio.Sndfile;

/// <summary>A sound file that a library has opened. One thread owns it.</summary>
internal interface ISoundFile : IDisposable
{
    /// <summary>Frames per second.</summary>
    int SampleRate { get; }

    /// <summary>1 or more.</summary>
    int Channels { get; }

    /// <summary>As the library says; 0 or less, or beyond belief, where it does not know.</summary>
    long Frames { get; }

    /// <summary>Whether a decoder that jumped needs some frames until it gives what one gives that came from the start.</summary>
    bool NeedsSettling { get; }

    /// <summary>Which loudspeaker each channel is for.</summary>
    Speaker[] Layout { get; }

    /// <summary>Goes to a frame.</summary>
    /// <returns>Where it stands; another one, or a negative one, where it cannot.</returns>
    long Seek(long frame);

    /// <summary>Decodes the next frames, all channels interleaved.</summary>
    /// <param name="block">Room for them.</param>
    /// <param name="count">How many.</param>
    /// <param name="hasFailed">Whether it met what cannot be decoded.</param>
    /// <returns>How many came.</returns>
    int Read(float[] block, int count, out bool hasFailed);
}

/// <summary>Opens a sound file from its beginning.</summary>
/// <param name="bytes">The file, which the library reads as long as it is open.</param>
/// <param name="error">Why not, one clause.</param>
/// <exception cref="JamException">The library is not installed.</exception>
internal delegate ISoundFile? OpenSoundFile(TrackBytes bytes, out string? error);
