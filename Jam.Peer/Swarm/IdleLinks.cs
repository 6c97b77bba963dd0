namespace Jam.Peer.Swarm;

/// <summary>
/// A holder with room takes over what would come much later from another. Where everyone wants the same chunks, requests pile up
/// at whoever had a chunk first, while others that have it by now stand idle; and the first may be slow. What an uplink does not
/// send now, the room never gets back.
/// </summary>
internal sealed class IdleLinks(SwarmState state)
{
    private readonly SwarmState _state = state;

    /// <summary>When <see cref="Use"/> should be called again though nothing happens; <see cref="long.MaxValue"/>: not before something does.</summary>
    public long DueUs { get; private set; } = long.MaxValue;

    /// <summary>Before a round of <see cref="Use"/>.</summary>
    public void Begin() => DueUs = long.MaxValue;

    /// <summary>Moves requests of a track to links that would answer them sooner.</summary>
    public void Use(Track track, RequestPlanner requests, long nowUs)
    {
        var size = track.Manifest!.ChunkSizeBytes;
        foreach (var link in _state.Links.Values)
        {
            if (link.ViewOf(track) is not { } view)
                continue;
            if (view.IsSpare)
            {
                view.IsSpare = false;
                UseSpare(track, link, view, requests, nowUs);
            }

            if (link.IsStalled || link.Asked.Count >= link.Window(size, _state.OwnQueueUs) || view is not { Wanted: > 0, IsReserved: false })
                continue;

            if (Longest(track, link, view, nowUs) is not var (from, asked))
                continue;
            _state.Cancel(from, asked.Of, asked.Chunk);
            requests.Ask(link, view, asked.Chunk, nowUs);
        }
    }

    // Its uplink has nothing to do: what would come last of all from elsewhere.
    private void UseSpare(Track track, Link to, LinkTrack view, RequestPlanner requests, long nowUs)
    {
        if (to.Asked.Count > 0 || view.Wanted == 0)
            return;
        (Link, Asked)? found = null;
        var longestUs = _state.Settings.SpareGainUs + to.RttUs;
        foreach (var link in _state.Links.Values)
        {
            if (link == to || (link.ViewOf(track) is { } of && of.IsReserved))
                continue;
            foreach (var asked in link.Asked)
            {
                if (!MayMove(asked, view))
                    continue;
                var leftUs = Math.Max(link.AnswerUs - (nowUs - asked.AtUs), nowUs - Math.Max(asked.AtUs, link.LastArrivalUs) - link.AnswerUs);
                if (leftUs > longestUs)
                    (found, longestUs) = ((link, asked), leftUs);
            }
        }

        if (found is not var (from, longest))
            return;
        _state.Cancel(from, longest.Of, longest.Chunk);
        requests.Ask(to, view, longest.Chunk, nowUs);
    }

    // The request that would be answered last, if that is later than worthwhile, and the link has its chunk.
    private (Link, Asked)? Longest(Track track, Link to, LinkTrack view, long nowUs)
    {
        (Link, Asked)? found = null;
        var size = track.Manifest!.ChunkSizeBytes;
        var ownUs = _state.CostUs(to, view);
        var longestUs = (track.IsRunning ? 2 : 3) * ownUs + _state.Settings.MoveGainUs;
        foreach (var link in _state.Links.Values)
        {
            if (link == to)
                continue;
            for (var i = link.Asked.Count - 1; i >= 0; i--)
            {
                var asked = link.Asked[i];
                var sinceUs = Math.Max(asked.AtUs, link.LastArrivalUs);
                // What has taken long will take long.
                var etaUs = Math.Max((i + 1.0) * size * link.UsPerByte, nowUs - sinceUs);
                // The first ones may be on the wire already, so there it must be worth a copy that comes twice.
                var worthUs = i < 2 ? 2 * longestUs : longestUs;
                if (etaUs <= worthUs)
                {
                    // At the end of a track nothing else may happen until the request is late.
                    if (found is null && track.IsAllAsked && MayMove(asked, view))
                        DueUs = Math.Min(DueUs, sinceUs + (long)worthUs + 1);
                    break;
                }

                if (!MayMove(asked, view))
                    continue;
                (found, longestUs) = ((link, asked), etaUs);
                break;
            }
        }

        return found;
    }

    // Whether a link could answer it instead.
    private static bool MayMove(Asked asked, LinkTrack view) =>
        !asked.IsLoose && asked.Of.Track == view.Track && view.Remote?[asked.Chunk] == true;
}
