namespace Jam.Peer.Swarm;

/// <summary>
/// How much may be on its way. What was handed over can no longer be overtaken by something more urgent, so no more than the uplink
/// carries in a moment is. What does not arrive for long waits for a slow receiver: it does not count, and must not stop the others.
/// </summary>
internal sealed class PipeGate(SwarmState state)
{
    // A little more than what is known to arrive, or an uplink that has become faster would not show it.
    private const double Probe = 1.28;

    // A chunk that takes so many times what may wait in sockets is what takes the time, not the way.
    private const int SlowChunkQueues = 8;

    private const int MostSlow = 2;

    private readonly SwarmState _state = state;
    private readonly FirstChunk _first = new(state);
    private readonly List<long> _slower = [];
    private long _usualSlowerUs;

    // When what was handed over has left at the rate that is known.
    private long _drainedAtUs;

    /// <summary>Whether the system tells what was acknowledged; else HAVE does.</summary>
    public bool IsTold { get; set; }

    /// <summary>Before a round of <see cref="HasRoom"/>: nothing arrives within it.</summary>
    public void Begin() => _usualSlowerUs = UsualSlowerUs();

    /// <summary>
    /// How fast a striping host's chunk that is handed over now may go out over a slow uplink, microseconds per byte; 0: as fast as it goes. A chunk's
    /// first ten packets would else wait before the uplink all at once: what the room says waits behind them, the clock's answers too, and some are dropped.
    /// </summary>
    public double PaceUsPerByte(Track track, int bytes, long nowUs) =>
        _state.CarefulUsPerByte(track) is var usPerByte && usPerByte * bytes > _state.Settings.SlowChunkUs ? usPerByte * Sharing(nowUs) / _state.Settings.PaceGain : 0;

    /// <summary>A chunk is handed over.</summary>
    public void OnSending(Track track, int bytes, long nowUs) => _drainedAtUs = Math.Max(_drainedAtUs, nowUs) + (long)(_state.CarefulUsPerByte(track) * bytes);

    /// <summary>Whether one more chunk may be handed over; if not, when to look again though nothing happens.</summary>
    public bool HasRoom(long nowUs, out long dueUs)
    {
        dueUs = long.MaxValue;
        var queueUs = _state.Settings.SocketQueueUs;
        // How long the uplink takes for what is on its way, and how many bytes a microsecond that is where each takes as long as it may. Not all of
        // them in the mean of that time: one whose receiver is slow would let out several more to the others, which wait before this uplink until some are dropped.
        var (leftUs, flow) = (0L, 0.0);
        var (lateUs, lateFlow, lateLinks) = (0L, 0.0, 0);
        var (agesAtUs, lostAtUs) = (long.MaxValue, long.MaxValue);
        var inPipe = 0;
        var (isPlaying, isSlow, isOwnSlow, isScarce) = (false, false, false, false);
        foreach (var link in _state.Links.Values)
        {
            if (link.Pipe.Count == 0)
                continue;
            var theirsUs = link.SlowerUs == long.MaxValue ? 0 : Math.Clamp(link.SlowerUs - _usualSlowerUs, 0, _state.Settings.SlowReceiverUs);
            var isLate = false;
            for (var i = link.Pipe.Count - 1; i >= 0; i--)
            {
                var piped = link.Pipe[i];
                if (_first.IsExcused(link, piped, nowUs, out var excusedUs))
                    continue;
                agesAtUs = Math.Min(agesAtUs, excusedUs);
                isPlaying |= piped.Of.Track.IsRunning;
                isScarce |= _state.IsUplinkScarce(piped.Of.Track);
                var chunkUs = (long)(_state.CarefulUsPerByte(piped.Of.Track) * piped.Bytes);
                var takesLong = chunkUs > _state.Settings.SlowChunkUs;
                isSlow |= takesLong;
                isOwnSlow |= takesLong && piped.Of.Track.IsStriped;
                var fastestUs = link.FastestUs == long.MaxValue ? link.LeastRttUs + chunkUs + Math.Min(chunkUs, queueUs) : Math.Min(link.FastestUs, _state.Settings.SlowReceiverUs);
                // Less what the chunk itself took: all of that where it is what takes the time, else an uplink that is taken for too slow
                // would stay so.
                var ownPartUs = link.LeastRttUs < queueUs || fastestUs - link.LeastRttUs > SlowChunkQueues * queueUs ? chunkUs : Math.Min(chunkUs, fastestUs / 3);
                var patienceUs = Math.Max(queueUs, queueUs + fastestUs - ownPartUs) + theirsUs;
                // One that takes longer than all of that is not late because of it, nor because of the one before it.
                var ageUs = piped.AtUs + patienceUs + (chunkUs > queueUs ? 2 * chunkUs : 0);
                if (!_state.Uplink.IsKnown)
                {
                    _state.Uplink.Wait(piped, nowUs);
                    ageUs += _state.Settings.LostReceiverUs;
                }

                if (ageUs > nowUs)
                {
                    inPipe++;
                    leftUs += chunkUs;
                    flow += (double)piped.Bytes / patienceUs;
                    agesAtUs = Math.Min(agesAtUs, ageUs);
                }
                else if (piped.IsTaken && nowUs > ageUs + _state.Settings.LostReceiverUs)
                {
                    link.Pipe.RemoveAt(i);
                }
                else
                {
                    isLate = true;
                    lostAtUs = Math.Min(lostAtUs, ageUs + _state.Settings.LostReceiverUs + 1);
                    lateUs += chunkUs;
                    lateFlow += (double)piped.Bytes / patienceUs;
                }
            }

            if (isLate)
                lateLinks++;
        }

        // Over a slow uplink a third chunk would be mostly dropped; every packet in its queue delays what a host's room says, and what a relay
        // asks for waits behind it until it has fallen behind: late or not, two at most. One whose receiver is gone stops nobody, as it leaves the
        // other's place. And where the music takes much of a host's uplink no second one goes out beside the first because the way seems long: both
        // would take twice as long. Before it plays, all wait for the first.
        var leavesAtUs = isScarce && inPipe > 0 ? Math.Min(_drainedAtUs, nowUs + leftUs) + (isPlaying ? -queueUs : leftUs / 2) : 0;
        var areMost = inPipe + lateLinks >= MostSlow;
        if (IsTold && ((isSlow && areMost) || (isOwnSlow && nowUs < leavesAtUs)))
        {
            dueUs = Math.Min(agesAtUs, areMost ? lostAtUs : leavesAtUs);
            return false;
        }

        // Many slow receivers at once are none: it is this uplink that has too much to carry.
        if (lateLinks > 1)
            (leftUs, flow) = (leftUs + lateUs, flow + lateFlow);
        // Where a chunk takes long, the next one follows when that is about to be gone: what tells that it came takes the way back, or waits
        // behind what its sender relays, and an uplink that stands still meanwhile would be taken for as slow as that. Two at most, since
        // the rate may have become another; and while music plays something more urgent may come, and over a slow uplink what the room says takes
        // its part, so where acknowledgements tell it waits: the next one would share the pace with the one that all wait for.
        _drainedAtUs = Math.Min(_drainedAtUs, nowUs + leftUs);
        if (((!isPlaying && !isOwnSlow) || !IsTold) && _state.Uplink.IsKnown && inPipe == 1)
        {
            var soonUs = _drainedAtUs - queueUs;
            if (soonUs <= nowUs)
                return true;
            dueUs = soonUs;
        }

        if (inPipe == 0 || (_state.Uplink.IsKnown ? flow * _state.UplinkUsPerByte <= Probe : inPipe < _state.Settings.FirstInPipe))
            return true;
        dueUs = Math.Min(dueUs, agesAtUs);
        return false;
    }

    // How many links share the uplink with a chunk that is handed over now, its own among them. What is about to be gone is no more of them: a
    // pace that is halved for its sake stays so for all of the chunk.
    private int Sharing(long nowUs) =>
        _drainedAtUs - _state.Settings.SocketQueueUs <= nowUs ? 1 : 1 + _state.Links.Values.Count(link => link.Pipe.Count > 0);

    // What delays most of them is what waits on this side, and as much on theirs; what comes on top is a slow receiver. Were it measured
    // from the quickest, all would let one another's queues fill until packets are lost.
    private long UsualSlowerUs()
    {
        _slower.Clear();
        foreach (var link in _state.Links.Values)
        {
            if (link.SlowerUs != long.MaxValue)
                _slower.Add(link.SlowerUs);
        }

        _slower.Sort();
        return _slower.Count == 0 ? long.MaxValue : _slower[_slower.Count / 2];
    }
}
