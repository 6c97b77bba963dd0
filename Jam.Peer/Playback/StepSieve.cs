namespace Jam.Peer.Playback;

/// <summary>
/// Hands a <see cref="WriteClock"/> readings of a sound server that tells a place which moves once a cycle only, and stamps it when it is asked:
/// PipeWire's, whose cycle is 20 to 40 ms. Taken as they come such readings are up to a cycle late. So it is asked right behind each
/// cycle, a place counts when it is new, and of every few the one that came soonest.
/// </summary>
internal sealed class StepSieve(WriteClock clock)
{
    /// <summary>Steps of which one is taken.</summary>
    public const int Group = 4;

    private int _count;
    private long _lastFrame = -1;
    private (long Frame, double AtUs, double DeviceUs) _best;
    private double _bestLateUs;

    /// <summary>Takes one reading.</summary>
    /// <param name="frame">The frame that the device takes next.</param>
    /// <param name="askedUs">When it was asked, local monotonic microseconds.</param>
    /// <param name="deviceUs">From the cycle until that frame is heard, microseconds.</param>
    public void Add(long frame, double askedUs, double deviceUs)
    {
        if (frame == _lastFrame)
            return;
        _lastFrame = frame;
        var lateUs = askedUs - frame * clock.PeriodUs;
        if (_count++ == 0 || lateUs < _bestLateUs)
            (_best, _bestLateUs) = ((frame, askedUs, deviceUs), lateUs);
        if (_count < Group && !clock.IsBeginning)
            return;
        _count = 0;
        clock.Add(_best.Frame, _best.AtUs + _best.DeviceUs, (long)_best.AtUs);
    }
}
