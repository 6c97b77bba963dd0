using Jam.Peer.Wire;

namespace Jam.Peer.Swarm;

/// <summary>
/// The host's stripe: each chunk is offered once, in playback order, to the least loaded peer, which relays it as soon as it
/// is verified. In a room that listens together everyone wants the same chunk at the same moment; this way the host's uplink
/// carries the track about once. A chunk is offered again where its taker leaves, or where no one has it after a while.
/// </summary>
internal sealed class OfferPlanner(SwarmState state)
{
    private readonly SwarmState _state = state;
    private readonly Dictionary<TrackId, Stripe> _stripes = [];
    private readonly CopyHold _hold = new(state);
    private readonly RelayChoice _relays = new(state);

    /// <summary>When <see cref="Plan"/> should be called again though nothing happens.</summary>
    public long DueUs { get; private set; } = long.MaxValue;

    /// <summary>Starts to stripe a track that is complete here.</summary>
    public void Begin(Track track) => _stripes[track.Id] = new Stripe(track);

    /// <summary>The playhead jumped: what lies ahead of it goes first.</summary>
    public void Rewind(Track track)
    {
        if (_stripes.TryGetValue(track.Id, out var stripe))
            stripe.Cursor = 0;
    }

    /// <summary>A peer asks for a chunk: where no one was offered it yet, this peer is its taker.</summary>
    public void Claim(Link link, LinkTrack view, int chunk, long nowUs)
    {
        if (_stripes.TryGetValue(view.Track.Id, out var stripe) && !stripe.Covered[chunk] && view.Track.Availability[chunk] == 0
            && link.Tracks.ContainsValue(view))
        {
            stripe.Covered.Set(chunk);
            view.OfferedByUs[chunk] = (nowUs, false);
        }
    }

    /// <summary>A peer can take now what it was offered along with the manifest: its time begins.</summary>
    public static void OnTakeable(LinkTrack view, long nowUs)
    {
        foreach (var (chunk, offer) in view.OfferedByUs)
            view.OfferedByUs[chunk] = (nowUs, offer.IsSent);
    }

    /// <summary>A chunk goes out to a peer.</summary>
    public void OnSending(LinkTrack view, int chunk, long nowUs)
    {
        if (!_stripes.TryGetValue(view.Track.Id, out var stripe))
            return;
        (stripe.LastSentUs[chunk], stripe.HasBegun) = (nowUs, true);
        if (view.OfferedByUs.ContainsKey(chunk))
            view.OfferedByUs[chunk] = (nowUs, true);
    }

    /// <summary>
    /// Until when a request waits so that the chunk can come from a relay instead: 0 where it does not,
    /// <see cref="long.MaxValue"/> while the first copy is still to be sent.
    /// </summary>
    public long HeldUntilUs(LinkTrack view, int chunk) =>
        _stripes.TryGetValue(view.Track.Id, out var stripe) && !stripe.IsOpen && stripe.Covered[chunk] ? _hold.UntilUs(stripe, view, chunk) : 0;

    /// <summary>A peer has a chunk now.</summary>
    public void OnHave(LinkTrack view, int chunk, long nowUs)
    {
        view.OfferedByUs.Remove(chunk);
        if (!_stripes.TryGetValue(view.Track.Id, out var stripe))
            return;
        // The first to have it is the one who relays it.
        if (stripe.RelayOf[chunk] is null)
        {
            stripe.RelayOf[chunk] = view;
            stripe.Missing[chunk] = _relays.Audience(view.Track) - view.Track.Availability[chunk];
            view.Relay.Add(stripe.Missing[chunk], nowUs);
            stripe.Unspread.Set(chunk);
        }
        else if (stripe.Missing[chunk] > 0)
        {
            stripe.Missing[chunk]--;
            stripe.RelayOf[chunk]!.Relay.Remove(stripe.Unspread.Clear(chunk), nowUs);
        }
    }

    /// <summary>A peer does not want what it was offered: another is to relay it.</summary>
    /// <returns>Whether it had been offered that.</returns>
    public bool OnDeclined(LinkTrack view, int chunk)
    {
        if (!_stripes.TryGetValue(view.Track.Id, out var stripe))
            return false;
        if (view.OfferedByUs.Remove(chunk))
        {
            if (view.Track.Availability[chunk] == 0)
                stripe.Uncover(chunk);
            return true;
        }

        if (stripe.RelayOf[chunk] != view || view.Track.Availability[chunk] != 1)
            return false;
        // It has it and will not relay it.
        stripe.Again.Set(chunk);
        stripe.Uncover(chunk);
        return true;
    }

    /// <summary>A track is let go.</summary>
    public void End(Track track) => _stripes.Remove(track.Id);

    /// <summary>A link takes part in a track no longer: what only it had or was offered is to be offered again.</summary>
    public void OnGone(LinkTrack view)
    {
        if (!_stripes.TryGetValue(view.Track.Id, out var stripe))
            return;
        foreach (var chunk in view.OfferedByUs.Keys)
            stripe.Uncover(chunk);
        for (var chunk = 0; chunk < stripe.RelayOf.Length; chunk++)
        {
            if (stripe.RelayOf[chunk] == view)
            {
                stripe.RelayOf[chunk] = null;
                stripe.Missing[chunk] = 0;
            }

            if (view.Track.Availability[chunk] == 0)
                stripe.Uncover(chunk);
        }
    }

    /// <summary>Offers what can be offered now.</summary>
    public void Plan(long nowUs)
    {
        DueUs = long.MaxValue;
        // Nobody but a host has any.
        if (_stripes.Count == 0)
            return;
        foreach (var stripe in _stripes.Values.OrderBy(s => s.Track.Priority))
        {
            Expire(stripe, nowUs);
            var room = RoomForOffers(stripe.Track, nowUs);
            var isTailEarly = room > 0 && TailEarly(stripe.Track);
            while (room > 0 && stripe.Next(nowUs, 3 * _state.ChunkUs(stripe.Track), isTailEarly) is >= 0 and var chunk)
            {
                if (_relays.LeastLoaded(stripe, chunk, nowUs) is not var (link, view))
                {
                    // What someone has is no reason to keep back what nobody has.
                    if (stripe.Track.Availability[chunk] == 0)
                        break;
                    stripe.Cover(chunk);
                    continue;
                }

                room--;
                stripe.Cover(chunk);
                view.OfferedByUs[chunk] = (nowUs, false);
                view.IsSpare = false;
                _state.Send(link, new OfferFrame(stripe.Track.Slot, [chunk]));
            }

            if (!stripe.IsOpen)
                stripe.IsOpen = stripe.Covered.IsFull && !stripe.Track.Availability.AsSpan().Contains((ushort)0);
            if (stripe.IsOpen)
                OpenTo(stripe);
            foreach (var link in _state.Links.Values)
            {
                if (link.ViewOf(stripe.Track) is { } view)
                {
                    if (view.ManifestGivenUs + _state.Settings.ManifestUnderWayUs is { } takesAtUs && takesAtUs > nowUs)
                        DueUs = Math.Min(DueUs, takesAtUs);
                    foreach (var offer in view.OfferedByUs.Values)
                        DueUs = Math.Min(DueUs, LateAtUs(link, offer, _state.ChunkUs(stripe.Track)));
                }
            }
        }
    }

    // Few need it, and who does asks for it: where a chunk takes long, the beginning is worth more. And one who relays is to be known for it.
    private bool TailEarly(Track track) =>
        _state.ChunkUs(track) is > 0 and var us && us < _state.Settings.SlowChunkUs && _state.Links.Values.Any(l => l.ViewOf(track) is { Relay.IsProven: true });

    private void OpenTo(Stripe stripe)
    {
        foreach (var link in _state.Links.Values)
        {
            if (link.ViewOf(stripe.Track) is { } view && view is { RemoteFlags: not null, OpenSent: false })
            {
                view.OpenSent = true;
                _state.Send(link, new OfferFrame(stripe.Track.Slot, []));
            }
        }
    }

    // An offer that led to nothing: the chunk may go to another. The first may still take it.
    private void Expire(Stripe stripe, long nowUs)
    {
        foreach (var link in _state.Links.Values)
        {
            if (link.ViewOf(stripe.Track) is not { } view)
                continue;
            foreach (var (chunk, offer) in view.OfferedByUs)
            {
                if (nowUs < LateAtUs(link, offer, _state.ChunkUs(stripe.Track)))
                    continue;
                view.OfferedByUs.Remove(chunk);
                if (stripe.Track.Availability[chunk] == 0)
                    stripe.Uncover(chunk);
            }
        }
    }

    // While something of this link still waits here or sits in its socket, the delay is ours, not the taker's.
    private long LateAtUs(Link link, (long AtUs, bool IsSent) offer, long chunkUs)
    {
        if (link.Sending > 0 || (!offer.IsSent && link.Wishes.Count > 0))
            return long.MaxValue;
        return Math.Max(offer.AtUs, link.LastSentUs) + _state.Settings.OfferTimeoutUs + 2 * link.RttUs + 3 * chunkUs;
    }

    // Enough offers to keep the uplink busy over a round trip, and no more: what is offered late goes where there is room. One
    // that is not taken for a while counts no more, so that who is slow to answer holds no one up.
    private int RoomForOffers(Track track, long nowUs)
    {
        var (open, links, rttUs) = (0, 0, 0L);
        foreach (var link in _state.Links.Values)
        {
            if (link.ViewOf(track) is not { } view || !_relays.CanTake(view, nowUs))
                continue;
            links++;
            rttUs = Math.Max(rttUs, link.LeastRttUs);
            foreach (var (chunk, offer) in view.OfferedByUs)
            {
                if (offer.IsSent)
                    continue;
                var untilUs = offer.AtUs + _state.Settings.OfferPatienceUs + link.RttUs;
                if (nowUs < untilUs)
                    DueUs = Math.Min(DueUs, untilUs);
                else if (link.Wishes.TrueForAll(w => w.Of != view || w.Chunk != chunk))
                    continue;
                open++;
            }
        }

        var chunkUs = _state.ChunkUs(track);
        var most = chunkUs == 0 ? Math.Max(2, links) : 2 + (int)Math.Min(_state.Settings.MaxInFlight, (_state.Settings.OfferAheadUs + rttUs) / chunkUs);
        return most - open;
    }
}
