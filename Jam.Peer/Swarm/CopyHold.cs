namespace Jam.Peer.Swarm;

/// <summary>For how long a striping host lets a request wait: for the first copy to be relayed, or for what plays before it.</summary>
internal sealed class CopyHold(SwarmState state)
{
    private readonly SwarmState _state = state;

    /// <summary>Until when a request for a chunk that was offered waits; 0: not at all, <see cref="long.MaxValue"/>: the first copy is still to be sent.</summary>
    public long UntilUs(Stripe stripe, LinkTrack view, int chunk)
    {
        if (view.OfferedByUs.ContainsKey(chunk))
            return _state.Uplink.IsKnown || stripe.HasBegun || !SeemsSlow(view.Track) ? 0 : TurnUs(view.Track, chunk);
        var (sentUs, chunkUs) = (stripe.LastSentUs[chunk], _state.ChunkUs(view.Track));
        if (sentUs == 0)
            return long.MaxValue;
        // Over a slow uplink a link may have lost its window, and what is on it then takes seconds: who needs it now is not to wait for that.
        return sentUs + (chunkUs > _state.Settings.SlowChunkUs && view.Track.Availability[chunk] == 0
            ? (long)(_state.Settings.StuckChunks * chunkUs) : _state.Settings.HoldUs + 3 * chunkUs);
    }

    private bool SeemsSlow(Track track) => _state.Uplink.SuspectedUsPerByte * track.Manifest!.ChunkSizeBytes > _state.Settings.SlowChunkUs;

    // Before a slow uplink is known the first chunk to be asked for may have it to itself for half a second: those before it, offered to
    // others a moment ago, are worth a short wait. It is over as soon as they are asked for, too, and comes once.
    private long TurnUs(Track track, int chunk)
    {
        var untilUs = 0L;
        foreach (var link in _state.Links.Values)
        {
            if (link.ViewOf(track) is not { } view)
                continue;
            foreach (var (other, offer) in view.OfferedByUs)
            {
                if (other < chunk && !offer.IsSent && link.Wishes.TrueForAll(w => w.Of != view || w.Chunk != other))
                    untilUs = Math.Max(untilUs, offer.AtUs + _state.Settings.TurnUs);
            }
        }

        return untilUs;
    }
}
