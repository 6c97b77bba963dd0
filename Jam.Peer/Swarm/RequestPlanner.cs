using Jam.Peer.Wire;

namespace Jam.Peer.Swarm;

/// <summary>
/// What to ask of whom: first what a striping host has offered, then what plays soon, then the window in order, then the
/// rest rarest first; always of the holder that would have it here soonest. A request that is late may be asked of another.
/// </summary>
internal sealed class RequestPlanner(SwarmState state)
{
    private readonly SwarmState _state = state;
    private readonly IdleLinks _idle = new(state);
    private readonly PoorUplink _poor = new(state);
    private readonly DownBucket _down = new(state.Settings.DownBytesPerSecond);
    private long _urgentDueUs = long.MaxValue;
    private ulong[] _askable = [];

    /// <summary>When <see cref="Plan"/> should be called again though nothing happens.</summary>
    public long DueUs(long nowUs)
    {
        var due = Math.Min(Math.Min(_urgentDueUs, _idle.DueUs), _down.DueUs);
        foreach (var link in _state.Links.Values)
            due = Math.Min(due, link.LateAtUs());
        foreach (var track in _state.Tracks.Values)
            due = Math.Min(due, ManifestAsker.DueUs(_state, track, nowUs));

        return Math.Max(due, nowUs + 1);
    }

    /// <summary>Sends the requests that make sense now.</summary>
    public void Plan(long nowUs)
    {
        _urgentDueUs = long.MaxValue;
        _idle.Begin();
        if (_down.IsLimited)
            _down.Refill(_state.Tracks.Values.Max(t => (int?)t.Manifest?.ChunkSizeBytes) ?? 0, nowUs);
        MarkLate(nowUs);
        foreach (var track in _state.ByPriority)
        {
            if (track.Manifest is null)
            {
                ManifestAsker.Ask(_state, track, nowUs);
                continue;
            }

            if (track.IsComplete)
                continue;
            // Under a cap what plays soon comes before what the host would like to be relayed.
            if (_down.IsLimited)
                AskUrgent(track, nowUs);
            _poor.Begin(track);
            TakeOffers(track, nowUs);
            AskUrgent(track, nowUs);
            AskRest(track, nowUs);
            // A word more is worth its packet where there is nothing else to say, and whoever was asked before anything was known may take seconds.
            if (!_poor.Matters(track) || track.IsAllAsked)
                _idle.Use(track, this, nowUs);
        }
    }

    /// <summary>Removes an answered or lost request from the books; null where there was none.</summary>
    public static Asked? Settle(Link link, LinkTrack of, int chunk)
    {
        var index = link.IndexOfAsked(of, chunk);
        if (index < 0)
            return null;
        var asked = link.Asked[index];
        link.Asked.RemoveAt(index);
        if (!asked.IsLoose)
            of.Track.RemoveInFlight(chunk);
        return asked;
    }

    private void MarkLate(long nowUs)
    {
        foreach (var link in _state.Links.Values)
        {
            if (nowUs < link.LateAtUs())
                continue;
            link.IsStalled = true;
            foreach (var asked in link.Asked)
            {
                if (asked.IsLoose)
                    continue;
                asked.IsLoose = true;
                asked.Of.Track.RemoveInFlight(asked.Chunk);
            }
        }
    }

    private void TakeOffers(Track track, long nowUs)
    {
        foreach (var link in _state.Links.Values)
        {
            if (link.ViewOf(track) is not { } view)
                continue;
            if (_poor.Matters(track) || _state.IsCappedOut(track))
                _poor.Decline(link, view);
            while (view.OfferedToUs.Count > 0 && HasRoom(link, track, isOffer: true))
            {
                var chunk = view.OfferedToUs.Min;
                view.OfferedToUs.Remove(chunk);
                if (!track.Have[chunk] && !track.InFlight[chunk])
                    Ask(link, view, chunk, nowUs, wasOffered: true);
            }
        }
    }

    private void AskUrgent(Track track, long nowUs)
    {
        if (track.Waits.Count > 0)
        {
            foreach (var (chunk, due) in track.Waits)
            {
                if (track.Have[chunk] || track.InFlight[chunk])
                    continue;
                if (!TryAsk(track, chunk, reserved: nowUs >= due, nowUs) && nowUs < due)
                    _urgentDueUs = Math.Min(_urgentDueUs, Math.Max(due, nowUs + 1));
            }
        }

        if (!track.IsRunning || track.BytesPerUs <= 0)
            return;
        for (var chunk = track.Have.NextClear(track.PlayheadChunk(nowUs)); chunk < track.Have.Length; chunk = track.Have.NextClear(chunk + 1))
        {
            var left = track.DeadlineUs(chunk, nowUs) - nowUs;
            if (left > _state.Settings.UrgentUs)
            {
                _urgentDueUs = Math.Min(_urgentDueUs, nowUs + left - _state.Settings.UrgentUs);
                break;
            }

            if (track.InFlight[chunk])
            {
                AskTwice(track, chunk, left, nowUs);
                continue;
            }

            var reserved = left <= _state.Settings.UrgentThoughSoonUs || !StripeSight.IsComing(_state, track, chunk);
            if (!TryAsk(track, chunk, reserved, nowUs) && !reserved)
                _urgentDueUs = Math.Min(_urgentDueUs, nowUs + left - _state.Settings.UrgentThoughSoonUs);
        }
    }

    // What plays any moment and is still with whoever was asked for it is asked of another too, of the striping host if need be.
    private void AskTwice(Track track, int chunk, long leftUs, long nowUs)
    {
        if (leftUs > _state.Settings.UrgentThoughSoonUs)
            _urgentDueUs = Math.Min(_urgentDueUs, nowUs + leftUs - _state.Settings.UrgentThoughSoonUs);
        else if (track.InFlightCount(chunk) < 2)
            TryAsk(track, chunk, reserved: true, nowUs);
    }

    // What links with room have and nobody was asked for: the window in order, then the rest rarest first.
    private void AskRest(Track track, long nowUs)
    {
        var playhead = track.PlayheadChunk(nowUs);
        var windowEnd = track.BytesPerUs > 0
            ? playhead + (int)(_state.Settings.WindowUs * track.BytesPerUs / track.Manifest!.ChunkSizeBytes)
            : playhead;
        while (CanAskFor(track))
        {
            var chunk = Bitfield.NextSet(_askable, playhead);
            if (chunk < 0 || chunk > windowEnd)
                chunk = Rarest(track, chunk >= 0 ? chunk : Bitfield.NextSet(_askable, 0));
            if (chunk < 0 || !TryAsk(track, chunk, reserved: false, nowUs))
                return;
        }
    }

    // From a sample, so that a long track costs no more than a short one.
    private int Rarest(Track track, int from)
    {
        var rarest = from;
        for (var (chunk, left) = (from, _state.Settings.RarestAmong); chunk >= 0 && left > 0; left--)
        {
            if (track.Availability[chunk] < track.Availability[rarest])
                rarest = chunk;
            chunk = Bitfield.NextSet(_askable, chunk + 1);
        }

        return rarest;
    }

    // Fills _askable with the chunks that are missing here, asked of no one, and had by someone with room.
    private bool CanAskFor(Track track)
    {
        var have = track.Have.Words;
        if (_askable.Length != have.Length)
            _askable = new ulong[have.Length];
        _askable.AsSpan().Clear();
        foreach (var link in _state.Links.Values)
        {
            if (link.ViewOf(track) is not { } view || view is not { Wanted: > 0, IsReserved: false, Remote: { } remote } || !HasRoom(link, track))
                continue;
            for (var i = 0; i < _askable.Length; i++)
                _askable[i] |= remote.Words[i];
        }

        var any = 0UL;
        for (var i = 0; i < _askable.Length; i++)
            any |= _askable[i] &= ~have[i] & ~track.InFlight.Words[i];
        return any != 0;
    }

    private bool HasRoom(Link link, Track track, bool isOffer = false)
    {
        var size = track.Manifest!.ChunkSizeBytes;
        var window = link.Window(size, _state.OwnQueueUs);
        // Several requests a packet, where a packet is dear.
        if (_state.IsUplinkSpent)
        {
            if (!isOffer && _poor.Matters(track))
                window = _poor.Window(link, track, window);
            link.IsRefilling = link.Asked.Count < window && (link.IsRefilling || link.Asked.Count <= window / 2);
            return link.IsRefilling && _down.Allows(size);
        }

        return link.Asked.Count < window && _down.Allows(size);
    }

    private bool TryAsk(Track track, int chunk, bool reserved, long nowUs)
    {
        if (BestHolder(track, chunk, reserved) is not var (link, view))
            return false;
        Ask(link, view, chunk, nowUs);
        return true;
    }

    // Lowest time of arrival among those with room. A host that stripes counts only where reserved ones may be asked, and
    // then only where no one else can: its uplink is what everyone shares.
    private (Link, LinkTrack)? BestHolder(Track track, int chunk, bool reserved)
    {
        (Link, LinkTrack)? best = null;
        var least = (IsReserved: true, EtaUs: double.PositiveInfinity);
        foreach (var link in _state.Links.Values)
        {
            if (link.ViewOf(track) is not { } view || view.Remote?[chunk] != true || (view.IsReserved && !reserved)
                || !HasRoom(link, track) || link.IndexOfAsked(view, chunk) >= 0)
            {
                continue;
            }

            var cost = (view.IsReserved, _state.CostUs(link, view));
            if (cost.CompareTo(least) < 0)
                (best, least) = ((link, view), cost);
        }

        return best;
    }

    /// <summary>Asks a link for a chunk that it has.</summary>
    public void Ask(Link link, LinkTrack view, int chunk, long nowUs, bool wasOffered = false)
    {
        var track = view.Track;
        // What a striping host did not offer it may hold back in favour of a relay, so it does not count as on its way.
        var isLoose = view.IsReserved && !wasOffered;
        if (!isLoose)
            track.AddInFlight(chunk);
        if (link.IndexOfAsked(view, chunk) is >= 0 and var index)
        {
            link.Asked[index].IsLoose = isLoose;
        }
        else
        {
            link.Asked.Add(new Asked(view, chunk, nowUs, isLoose));
            _down.Take(track.Manifest!.SizeOf(chunk));
            var deadline = track.DeadlineUs(chunk, nowUs);
            var inMs = deadline == long.MaxValue ? int.MaxValue : (int)Math.Clamp((deadline - nowUs) / 1000, 0, int.MaxValue - 1);
            _state.Send(link, new RequestFrame(track.Slot, chunk, inMs));
        }

        if (!isLoose)
            CancelLoose(link, track, chunk);
        if (!wasOffered)
            return;
        // A relay can be planned on what the host is sending.
        foreach (var other in _state.Links.Values)
        {
            if (other != link && other.ViewOf(track) is { } theirs && theirs is { RemoteFlags: not null, Declines: false } && theirs.Remote?[chunk] != true)
                SwarmState.Hold(other, theirs.HeldSoon, chunk, nowUs + _state.Settings.IdleHaveDelayUs);
        }
    }

    // Someone else is asked for it now: the striping host need not send it.
    private void CancelLoose(Link asked, Track track, int chunk)
    {
        foreach (var link in _state.Links.Values)
        {
            if (link != asked && link.ViewOf(track) is { } view && view.IsReserved && link.IndexOfAsked(view, chunk) >= 0)
                _state.Cancel(link, view, chunk);
        }
    }
}
