namespace Jam.Peer.Playback;

/// <summary>The bytes of a track, verified, some of which may still be on their way.</summary>
public interface ITrackReader
{
    /// <summary>Length of the whole track in bytes.</summary>
    long LengthBytes { get; }

    /// <summary>
    /// Reads verified bytes, waiting for the first of them where it has not arrived; what is waited for becomes urgent in the
    /// swarm. Returns 0 only at or beyond the end. Blocks, so it belongs on the decoder's own thread.
    /// </summary>
    /// <param name="offset">First byte wanted, from the start of the track.</param>
    /// <param name="buffer">Where the bytes go; fewer than asked may come.</param>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    int Read(long offset, Span<byte> buffer, CancellationToken cancellationToken);
}
