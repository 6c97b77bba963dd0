namespace Jam.Peer.Swarm;

/// <summary>
/// What to ask for over an uplink that is spent on acknowledgements (<see cref="SwarmState.IsUplinkPoor"/>): a few quick links and not the
/// striping host, several requests a packet, and no relaying, since what only this peer had the room would wait for. Every packet counts:
/// fetching 5 MB takes 1,800 acknowledgements, which are five seconds of 0.2 Mbit/s.
/// </summary>
internal sealed class PoorUplink(SwarmState state)
{
    private readonly SwarmState _state = state;
    private double _quickest;

    /// <summary>Before a round of planning: how quick the quickest link is that has something.</summary>
    public void Begin(Track track)
    {
        _quickest = 0;
        foreach (var link in _state.Links.Values)
        {
            if (!link.IsStalled && link.ViewOf(track) is { } view && view is { Wanted: > 0, IsStriper: false })
                _quickest = Math.Max(_quickest, link.Rate);
        }
    }

    /// <summary>Whether that matters for a track: while it plays, everyone asks for what they need.</summary>
    public bool Matters(Track track) => _state.IsUplinkPoor && !track.IsRunning;

    /// <summary>How many requests a link may have in flight.</summary>
    public int Window(Link link, Track track, int window)
    {
        if (_quickest == 0)
            return window;
        var (least, most) = _state.Settings.PoorInFlight;
        return link.Rate * _state.Settings.PoorSlowest < _quickest || SwarmState.On(link, track).IsStriper ? 0
            : link.IsStalled ? 1 : Math.Clamp(window, least, most);
    }

    /// <summary>Refuses what a striping host offers, so that it goes to another at once. One that finds nobody else offers again.</summary>
    public void Decline(Link link, LinkTrack view)
    {
        for (; view.OfferedToUs.Count > 0 && view.Declined < _state.Settings.MaxDeclined; view.Declined++)
        {
            var chunk = view.OfferedToUs.Min;
            view.OfferedToUs.Remove(chunk);
            _state.Refuse(link, view, chunk);
        }
    }
}
