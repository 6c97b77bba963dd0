namespace Jam.Peer.Swarm;

/// <summary>For how long a striping host lets a request wait: for the first copy to be relayed, or for what plays before it.</summary>
internal sealed class CopyHold(SwarmState state)
{
    private readonly SwarmState _state = state;

    /// <summary>Until when a request for a chunk that was offered waits; 0: not at all, <see cref="long.MaxValue"/>: the first copy is still to be sent.</summary>
    public long UntilUs(Stripe stripe, LinkTrack view, int chunk)
    {
        if (view.OfferedByUs.ContainsKey(chunk))
            return IsSlow(view.Track, stripe.HasBegun) ? TurnUs(view.Track, chunk) : 0;
        var (sentUs, chunkUs) = (stripe.LastSentUs[chunk], _state.ChunkUs(view.Track));
        if (sentUs == 0)
            return long.MaxValue;
        // Over a slow uplink a link may have lost its window, and what is on it then takes seconds: who needs it now is not to wait for that.
        return sentUs + (chunkUs > _state.Settings.SlowChunkUs && view.Track.Availability[chunk] == 0
            ? (long)(_state.Settings.StuckChunks * chunkUs) : _state.Settings.HoldUs + 3 * chunkUs);
    }

    // Before anything has gone out, by what the manifest took.
    private bool IsSlow(Track track, bool hasBegun)
    {
        var usPerByte = _state.Uplink.IsKnown ? _state.UplinkUsPerByte : hasBegun ? 0 : _state.Uplink.SuspectedUsPerByte;
        return usPerByte * track.Manifest!.ChunkSizeBytes > _state.Settings.SlowChunkUs;
    }

    // The first chunk to be asked for may have a slow uplink to itself for half a second: those before it, offered to
    // others a moment ago, are worth a short wait. It is over as soon as they are asked for, too. What was offered while a chunk went out waited behind that.
    private long TurnUs(Track track, int chunk)
    {
        var untilUs = 0L;
        var mostUs = 2 * _state.Settings.TurnUs + _state.ChunkUs(track);
        foreach (var link in _state.Links.Values)
        {
            if (link.ViewOf(track) is not { } view)
                continue;
            foreach (var (other, offer) in view.OfferedByUs)
            {
                if (other < chunk && !offer.IsSent && link.Wishes.TrueForAll(w => w.Of != view || w.Chunk != other))
                    untilUs = Math.Max(untilUs, Math.Min(offer.AtUs + mostUs, Math.Max(offer.AtUs, _state.Uplink.LastArrivalUs) + _state.Settings.TurnUs));
            }
        }

        return untilUs;
    }
}
