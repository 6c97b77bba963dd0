namespace Jam.Peer.Audio.Mp3;

/// <summary>Turns frames of MPEG audio into sound, whole ones, in order. It counts nothing and seeks nothing. One thread owns it.</summary>
internal interface IMp3Codec : IDisposable
{
    /// <summary>Frames that it may hold back before it gives their sound.</summary>
    int HeldFrames { get; }

    /// <summary>Forgets all that came before: the next frame is the first of a stretch.</summary>
    void Reset();

    /// <summary>Takes one frame.</summary>
    /// <param name="frame">All of it, header included.</param>
    /// <param name="stereo">Interleaved stereo, mono on both sides, -1 to 1; room for four frames.</param>
    /// <returns>Sound frames that came out; fewer than the frame holds where it cannot be decoded. Never an exception on its account.</returns>
    int Decode(ReadOnlySpan<byte> frame, Span<float> stereo);
}
