using Jam.Peer.Playback;

namespace Jam.Peer.Audio;

/// <summary>
/// A place that sound goes to. It runs from the moment it is open, on silence until <see cref="Start"/>, and then on what the renderer
/// gives, always interleaved stereo float at <see cref="SampleRate"/>. The renderer is called on the output's own thread, never by two
/// at a time. After disposal returns it is not called any more.
/// </summary>
internal interface IAudioOutput : IAsyncDisposable
{
    /// <summary>For people: what it plays to.</summary>
    string Name { get; }

    /// <summary>Whether that is a sound device.</summary>
    bool IsAudible { get; }

    /// <summary>Which device it is, the same in every run: what is saved for a device is saved under this. Null without one.</summary>
    string? DeviceId { get; }

    /// <summary>Frames per second; fixed once open.</summary>
    int SampleRate { get; }

    /// <summary>How often the device ran dry, since it was opened. Any thread.</summary>
    int Underruns { get; }

    /// <summary>Ends when the output is lost (its server died, its disk is full); the text says why. Never faults.</summary>
    Task<string> Lost { get; }

    /// <summary>From now on the renderer is called. Once, from any thread.</summary>
    void Start(IFrameRenderer renderer);

    /// <summary>
    /// Something has changed that what is queued does not know yet. An output with a queue asks its renderer soon what to render again;
    /// one that renders right before it sounds makes sure that it does so from now on. Any thread; never waits for long.
    /// </summary>
    void Refresh();
}

/// <summary>What fills an output. Called on the output's thread, where nothing may be allocated or waited for.</summary>
/// <remarks>After <see cref="Rewind"/> gave a frame, all from there to the end of what was rendered is rendered again, in order.</remarks>
internal interface IFrameRenderer
{
    /// <summary>Whether no track plays, fades or is about to: an output that nobody hears need not hurry until it is refreshed. Any thread.</summary>
    bool IsIdle => false;

    /// <summary>Fills a block.</summary>
    /// <param name="output">Interleaved stereo, to be overwritten whole.</param>
    /// <param name="firstFrame">Place of its first frame in the output's stream; blocks follow each other without a gap.</param>
    /// <param name="nowUs">Local monotonic microseconds.</param>
    /// <param name="clock">When frames of the output are heard; valid during the call.</param>
    void Render(Span<float> output, long firstFrame, long nowUs, IOutputClock clock);

    /// <summary>Asks from where on what is queued no longer holds.</summary>
    /// <param name="earliestFrame">The first frame that can still be changed.</param>
    /// <param name="nowUs">Local monotonic microseconds.</param>
    /// <param name="clock">When frames of the output are heard; locked.</param>
    /// <returns>A frame at or after the earliest; -1: all holds.</returns>
    long Rewind(long earliestFrame, long nowUs, IOutputClock clock);
}
