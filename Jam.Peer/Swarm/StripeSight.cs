namespace Jam.Peer.Swarm;

/// <summary>What a peer that takes part in a stripe can know of what its host will do of itself.</summary>
internal static class StripeSight
{
    /// <summary>Whether another peer has said that a chunk is on its way to it, or a slow host has still to offer it.</summary>
    public static bool IsComing(SwarmState state, Track track, int chunk)
    {
        foreach (var link in state.Links.Values)
        {
            if (link.ViewOf(track) is { } view && view.Soon.Contains(chunk))
                return true;
        }

        return IsAheadOfSlowStripe(state, track, chunk);
    }

    // A slow host stripes in the order in which it is heard: what lies beyond all that anyone has is still to be offered, and to ask for
    // it brings nothing sooner but packets, of everyone, that the host's system acknowledges.
    private static bool IsAheadOfSlowStripe(SwarmState state, Track track, int chunk)
    {
        if (Bitfield.NextSet(track.Have.Words, chunk) >= 0)
            return false;
        var isSlow = false;
        foreach (var link in state.Links.Values)
        {
            if (link.ViewOf(track) is not { } view)
                continue;
            if (view.IsReserved)
                isSlow |= state.IsSlow(link, track);
            else if (view.Remote is { } remote && Bitfield.NextSet(remote.Words, chunk) >= 0)
                return false;
        }

        return isSlow;
    }
}
