namespace Jam.Peer.Swarm;

/// <summary>
/// A holder that has nothing to do takes over what waits deep in another holder's queue. Where everyone wants the same chunks,
/// requests pile up at whoever had a chunk first, while others that have it by now stand idle; what an uplink does not send
/// now, the room never gets back.
/// </summary>
internal sealed class IdleLinks(SwarmState state, RequestPlanner requests)
{
    private readonly SwarmState _state = state;

    /// <summary>Moves requests of a track to links that wait for nothing.</summary>
    public void Use(Track track, long nowUs)
    {
        var size = track.Manifest!.ChunkSizeBytes;
        foreach (var idle in _state.Links.Values)
        {
            if (idle.Asked.Count > 0 || idle.IsStalled || !idle.Tracks.TryGetValue(track.Id, out var view)
                || view is not { Wanted: > 0, IsReserved: false })
            {
                continue;
            }

            var ownUs = idle.EtaUs(size);
            if (Longest(track, view, 2 * ownUs + _state.Settings.MoveGainUs) is not var (from, asked))
                continue;
            _state.Cancel(from, asked.Of, asked.Chunk);
            requests.Ask(idle, view, asked.Chunk, nowUs);
        }
    }

    // The request that would be answered last, if that is later than worthwhile, and the idle link has its chunk.
    private (Link, Asked)? Longest(Track track, LinkTrack idle, double longestUs)
    {
        (Link, Asked)? found = null;
        foreach (var link in _state.Links.Values)
        {
            if (link.UsPerByte == 0)
                continue;
            // The first ones may be on the wire already.
            for (var i = link.Asked.Count - 1; i >= 2; i--)
            {
                var etaUs = (i + 1.0) * track.Manifest!.ChunkSizeBytes * link.UsPerByte;
                if (etaUs <= longestUs)
                    break;
                var asked = link.Asked[i];
                if (asked.IsLoose || asked.Of.Track != track || idle.Remote?[asked.Chunk] != true)
                    continue;
                (found, longestUs) = ((link, asked), etaUs);
                break;
            }
        }

        return found;
    }
}
