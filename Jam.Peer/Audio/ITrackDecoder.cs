using Jam.Peer.Playback;

namespace Jam.Peer.Audio;

/// <summary>
/// Frames of a track, read from bytes that may still be arriving. One thread owns it. A read that lacks bytes waits for them; a
/// cancelled one leaves the decoder usable, but its place is lost until the next seek where <see cref="PositionFrames"/> is negative.
/// </summary>
internal interface ITrackDecoder : IDisposable
{
    /// <summary>Frames per second of the track.</summary>
    int SampleRate { get; }

    /// <summary>Channels of the track; what is read is always stereo.</summary>
    int Channels { get; }

    /// <summary>Frames in the track without the encoder's padding; null where only decoding will tell.</summary>
    long? LengthFrames { get; }

    /// <summary>The frame that is read next; negative where a seek is due.</summary>
    long PositionFrames { get; }

    /// <summary>How often damaged bytes were replaced by silence, so far.</summary>
    int Concealed { get; }

    /// <summary>What people should know about how it is decoded, a line; null: nothing.</summary>
    string? Remark => null;

    /// <summary>Reads interleaved stereo, -1 to 1 (beyond that where the track is clipped).</summary>
    /// <returns>Frames read; 0 only at the end of the track.</returns>
    int Read(Span<float> stereo, CancellationToken cancellationToken);

    /// <summary>
    /// Goes to a frame, exactly: the same frame is the same sample on every peer, whichever way it got there. Beyond the end is the end.
    /// </summary>
    void SeekFrames(long frame, CancellationToken cancellationToken);

    /// <summary>Takes an index that came after the track was opened, where the format has a use for it.</summary>
    void UseIndex(TrackIndex index)
    {
        // Most formats find their places themselves.
    }
}
