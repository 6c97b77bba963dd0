namespace Jam.Peer.Playback;

/// <summary>
/// Notices a queue that runs dry and does not say so. ALSA's plug-in for PulseAudio goes on as if it ran: its delay stands at nothing, and
/// what is written next is heard later by as long as that lasted, half a second at a start.
/// </summary>
internal sealed class DryWatch
{
    private bool _hasQueue;

    /// <summary>Takes what a device that runs says is queued in it.</summary>
    /// <param name="delayFrames">Frames until what is written next is heard.</param>
    /// <returns>Whether it ran dry just now; once each time, and never of a device that takes everything at once.</returns>
    public bool IsDry(long delayFrames)
    {
        var was = _hasQueue;
        _hasQueue = delayFrames > 0;
        return was && !_hasQueue;
    }
}
