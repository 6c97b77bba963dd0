using Jam.Peer.Wire;

namespace Jam.Peer.Swarm;

/// <summary>
/// The numbers of tracks on the wire. When all are given away, the track that was wanted least lately gives its own up. Frames arrive
/// in the order in which they were sent and a slot is in its sender's numbering, so the TRACK that gives it anew divides them.
/// </summary>
internal sealed class Slots(SwarmState state, OfferPlanner offers, ManifestDesk manifests)
{
    private readonly SwarmState _state = state;
    private ushort _next;

    /// <summary>A free slot; null where every track is in use. It is to be announced at once.</summary>
    public ushort? Take()
    {
        if (_next < FrameCaps.MaxSlots)
            return _next++;
        Track? oldest = null;
        foreach (var track in _state.Tracks.Values)
        {
            if ((oldest is null || track.LastWanted < oldest.LastWanted) && !IsBusy(track))
                oldest = track;
        }

        if (oldest is null)
            return null;
        GiveUp(oldest);
        return oldest.Slot;
    }

    /// <summary>The other side has given a track's slot to another: it takes part in the track no longer.</summary>
    public void OnGivenUp(Link link, TrackId id)
    {
        if (link.Unwanted.Remove(id, out var said))
            said.Early?.Clear();
        if (link.Forget(id) is { } view)
            OnGone(link, view);
    }

    /// <summary>The other side takes part in a track no longer, or is gone: what was asked of it will not come, and what it has does not count.</summary>
    public void OnGone(Link link, LinkTrack view)
    {
        foreach (var asked in link.Asked)
        {
            if (asked.Of == view && !asked.IsLoose)
                view.Track.RemoveInFlight(asked.Chunk);
        }

        link.Asked.RemoveAll(a => a.Of == view);
        link.Wishes.RemoveAll(w => w.Of == view);
        view.Early?.Clear();
        for (var chunk = 0; chunk < view.Remote?.Length; chunk++)
        {
            if (view.Remote[chunk])
                view.Track.Availability[chunk]--;
        }

        if (view.Track.ManifestAskedOf == link.Id)
            view.Track.ManifestAskedUs = null;
        manifests.OnGone(view);
        offers.OnGone(view);
    }

    // What plays, and what is being sent: TRACK would overtake a chunk that its socket has not taken.
    private bool IsBusy(Track track)
    {
        if (track.IsRunning)
            return true;
        foreach (var link in _state.Links.Values)
        {
            var waiting = link.Sending;
            foreach (var piped in link.Pipe)
            {
                if (piped.IsTaken)
                    continue;
                if (piped.Of.Track == track)
                    return true;
                waiting--;
            }

            // One that counts no more, because its receiver has it from elsewhere: whose it is is not known.
            if (waiting > 0)
                return true;
        }

        return false;
    }

    private void GiveUp(Track track)
    {
        foreach (var link in _state.Links.Values)
        {
            if (link.ViewOf(track) is not { } view)
                continue;
            foreach (var asked in link.Asked.Where(a => a.Of == view).ToArray())
                _state.Cancel(link, view, asked.Chunk);
            link.Wishes.RemoveAll(w => w.Of == view);
            link.Forget(track.Id);
            if (view.RemoteFlags is { } flags)
                link.Unwanted[track.Id] = Remember(link, view, flags);
        }

        offers.End(track);
        _state.Remove(track);
    }

    // It may be wanted again, and the other side will not say twice what it has.
    private static Hearsay Remember(Link link, LinkTrack view, TrackFlags flags)
    {
        var early = view.Early ?? new EarlyHaves(link.EarlyBudget);
        for (var chunk = 0; chunk < view.Remote?.Length; chunk++)
        {
            if (view.Remote[chunk] && !early.TrySet(chunk))
                break;
        }

        return new Hearsay(flags) { Early = early, IsOpen = view.IsOpen, ManifestAsked = view.ManifestAsked };
    }
}
