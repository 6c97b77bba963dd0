using Jam.Peer.Wire;

namespace Jam.Peer.Swarm;

/// <summary>What the parts of the core share: links, tracks, and the effects of the event at hand.</summary>
internal sealed class SwarmState(SwarmSettings settings)
{
    private List<Effect> _effects = [];

    public SwarmSettings Settings { get; } = settings;

    public Dictionary<LinkId, Link> Links { get; } = [];

    public Dictionary<TrackId, Track> Tracks { get; } = [];

    /// <summary>Tracks in the order in which they are wanted.</summary>
    public List<Track> ByPriority { get; } = [];

    /// <summary>One more track.</summary>
    public void Add(Track track)
    {
        Tracks.Add(track.Id, track);
        ByPriority.Add(track);
    }

    /// <summary>A priority has changed.</summary>
    public void SortTracks() => ByPriority.Sort((a, b) => (a.Priority, a.Slot).CompareTo((b.Priority, b.Slot)));

    /// <summary>The link's view of a track, made on first use.</summary>
    public static LinkTrack On(Link link, Track track)
    {
        if (!link.Tracks.TryGetValue(track.Id, out var view))
            link.Tracks.Add(track.Id, view = new LinkTrack(track));
        return view;
    }

    public void Emit(Effect effect) => _effects.Add(effect);

    public void Send(Link link, Frame frame) => _effects.Add(new SendFrame(link.Id, frame));

    /// <summary>Links that are to be forgotten before anything is planned.</summary>
    public List<Link> Dropped { get; } = [];

    /// <summary>Closes a link. One reason is enough: what else it has said has no effect any more.</summary>
    public void Drop(Link link, string why, bool ban = false)
    {
        if (Dropped.Contains(link))
            return;
        Dropped.Add(link);
        _effects.Add(new DropLink(link.Id, why, ban));
    }

    /// <summary>Takes a request back; what comes all the same is welcome. False where there was none.</summary>
    public bool Cancel(Link link, LinkTrack view, int chunk)
    {
        if (RequestPlanner.Settle(link, view, chunk) is null)
            return false;
        link.Cancelled.Enqueue((view.Track.Id, chunk));
        if (link.Cancelled.Count > Settings.MaxInFlight)
            link.Cancelled.Dequeue();
        Send(link, new CancelFrame(view.Track.Slot, chunk));
        return true;
    }

    /// <summary>The effects so far, in order; the list is the caller's.</summary>
    public List<Effect> TakeEffects()
    {
        var taken = _effects;
        _effects = [];
        return taken;
    }
}
