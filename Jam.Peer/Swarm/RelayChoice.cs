namespace Jam.Peer.Swarm;

/// <summary>Whom a striping host gives a chunk first, to be relayed: what its peer will have relayed soonest, by what is known of it.</summary>
internal sealed class RelayChoice(SwarmState state)
{
    private readonly SwarmState _state = state;

    /// <summary>Who would have relayed a chunk soonest; null where nobody can take it, or others are to be waited for.</summary>
    public (Link, LinkTrack)? LeastLoaded(Stripe stripe, int chunk, long nowUs)
    {
        (Link, LinkTrack)? best = null;
        var copies = Math.Max(1, Audience(stripe.Track) - 1);
        var usual = RelayLoad.Usual(_state, stripe.Track);
        // A short one says nothing of the uplink that relays it, and a poor one would take that for leave to relay more: it must not be the first.
        var isShort = stripe.Track.Manifest!.IsShort(chunk);
        double? endUs = null;
        var least = (Declines: true, IsBusy: true, IsUntried: true, DoneUs: double.PositiveInfinity, Given: 0);
        foreach (var link in _state.Links.Values)
        {
            if (link.ViewOf(stripe.Track) is not { } view || !CanTake(view, chunk, nowUs))
                continue;
            // Equal loads: whoever was given less so far.
            var offered = view.OfferedByUs.Count + 1;
            var doneUs = view.Relay.DoneUs(offered, copies, usual, nowUs);
            var declines = view is { DeclinesMusic: true } or { Declines: true, Track.IsRunning: false } || (isShort && !view.Relay.IsProven);
            var load = (declines, !IsIdle(view) || doneUs > (endUs ??= EndUs(stripe, chunk, copies, usual, nowUs)), view.Relay.IsUntried(offered), doneUs, view.ChunksTo + offered);
            if (load.CompareTo(least) < 0)
                (best, least) = ((link, view), load);
        }

        // Those who are about to have the manifest will want to relay too: what all lack at the start must not all be with the first.
        return least.IsUntried && IsUnderWay(stripe.Track) && AwaitsManifest(stripe.Track) ? null : best;
    }

    /// <summary>Whether an offer would find a peer with the manifest.</summary>
    public bool CanTake(LinkTrack view, long nowUs) => view.CanTakeOffers(nowUs - _state.Settings.ManifestUnderWayUs);

    /// <summary>How many links take part in a track.</summary>
    public int Audience(Track track)
    {
        var count = 0;
        foreach (var link in _state.Links.Values)
        {
            if (link.ViewOf(track) is { } view && view.RemoteFlags is not null)
                count++;
        }

        return count;
    }

    private bool CanTake(LinkTrack view, int chunk, long nowUs) =>
        CanTake(view, nowUs) && view.Remote?[chunk] != true && view.OfferedByUs.Count < _state.Settings.MaxInFlight;

    // When all would have been relayed, microseconds from now, were the rest given to the quickest: at the end of a track one that has nothing to do
    // but takes longer than that holds everyone up.
    private double EndUs(Stripe stripe, int chunk, int copies, (double CopyUs, double SpreadUs) usual, long nowUs)
    {
        var chunkUs = _state.ChunkUs(stripe.Track);
        if (chunkUs == 0)
            return double.PositiveInfinity;
        var leastUs = double.PositiveInfinity;
        foreach (var link in _state.Links.Values)
        {
            if (link.ViewOf(stripe.Track) is { } view && CanTake(view, chunk, nowUs))
                leastUs = Math.Min(leastUs, view.Relay.DoneUs(view.OfferedByUs.Count + 1, copies, usual, nowUs));
        }

        return leastUs + (stripe.Covered.Length - stripe.Covered.Count) * (double)chunkUs;
    }

    // Nobody asks it for what it has. While music plays, what a slow one would have first must not wait for it.
    private static bool IsIdle(LinkTrack view) => view.IsSpare && view.OfferedByUs.Count == 0 && !view.Track.IsRunning;

    private bool IsUnderWay(Track track) =>
        _state.Links.Values.Any(l => l.ViewOf(track) is { } view && view.OfferedByUs.Count > 0);

    private bool AwaitsManifest(Track track) =>
        _state.Links.Values.Any(l => l.ViewOf(track) is { } view && view is { RemoteFlags: not null, HasManifest: false });
}
