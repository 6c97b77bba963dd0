using Jam.Peer.Wire;

namespace Jam.Peer.Swarm;

/// <summary>
/// By when the first chunk has arrived a peer knows its uplink; but it is late as well where its receiver's own uplink is full of other things,
/// which keep the word of it. So others are pinged: what comes back at once has left this side after it. Nobody whose uplink is
/// poor indeed is excused by that, since pings wait behind the chunk then.
/// </summary>
internal sealed class FirstChunk(SwarmState state)
{
    private readonly SwarmState _state = state;

    /// <summary>Whether a chunk that is on its way is late because of its receiver, so that another is to tell what the uplink carries.</summary>
    /// <param name="to">Its link.</param>
    /// <param name="first">The chunk.</param>
    /// <param name="nowUs">Now.</param>
    /// <param name="dueUs">When to look again though nothing happens.</param>
    public bool IsExcused(Link to, Piped first, long nowUs, out long dueUs)
    {
        dueUs = long.MaxValue;
        if (_state.Uplink.IsKnown)
            return false;
        if (_state.Uplink.IsExcused(first, nowUs, out dueUs))
            return true;
        // While music plays nobody's uplink counts for poor, and what it says must not wait behind pings.
        if (first is { IsTaken: true, IsShort: false, IsAskedAbout: false, Of.Track.IsRunning: false } && first.PassedUs == long.MaxValue && _state.Links.Count >= _state.Settings.PoorFromLinks)
        {
            dueUs = first.TakenUs + DoubtUs(first);
            if (nowUs >= dueUs)
            {
                (first.IsAskedAbout, dueUs) = (true, long.MaxValue);
                Ping(to, nowUs);
            }
        }

        return false;
    }

    // A manifest that went before says what it should take.
    private long DoubtUs(Piped first)
    {
        var (soonUs, lateUs) = (_state.Settings.DoubtFirstSoonUs, _state.Settings.DoubtFirstUs);
        return _state.Uplink.SuspectedUsPerByte is > 0 and var usPerByte ? Math.Clamp((long)(2 * usPerByte * first.Bytes), soonUs, lateUs) : lateUs;
    }

    // Whoever is known to give quickly has an uplink that answers quickly.
    private void Ping(Link to, long nowUs)
    {
        foreach (var link in _state.Links.Values.Where(link => link != to).OrderByDescending(link => link.Rate).Take(_state.Settings.DoubtPings))
            _state.Send(link, new PingFrame((ulong)nowUs));
    }
}
