namespace Jam.Peer.Swarm;

/// <summary>What follows from a chunk that has come: it is stored, nobody else need send it, and who lacks it hears of it.</summary>
internal static class Gains
{
    /// <summary>Takes a verified chunk. False where it was here already.</summary>
    public static bool Take(SwarmState state, Link link, LinkTrack from, int chunk, long nowUs)
    {
        var track = from.Track;
        state.Arrivals.Add(track.Manifest!.SizeOf(chunk), nowUs);
        if (!track.Have.Set(chunk))
            return false;
        from.ChunksFrom++;
        track.Waits.Remove(chunk);
        state.Emit(new StoreChunk(track.Id, chunk));
        var queueUs = state.QueueUs(track);
        foreach (var other in state.Links.Values)
        {
            if (other.ViewOf(track) is not { } view || view.RemoteFlags is null)
                continue;
            if (view.Remote?[chunk] == true)
                view.Wanted--;
            view.OfferedToUs.Remove(chunk);
            view.Soon.Remove(chunk);
            if (other != link)
                state.Cancel(other, view, chunk);
            // Who gave it goes by this for how much its uplink carries; who has it gains little from knowing.
            SwarmState.Hold(other, view.HeldHaves, chunk, nowUs + state.HaveDelayUs(other, view, chunk, isGiver: other == link, queueUs));
        }

        if (track.IsComplete)
            state.Emit(new TrackCompleted(track.Id));
        return true;
    }
}
