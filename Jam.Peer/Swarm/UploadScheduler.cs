using Jam.Peer.Wire;

namespace Jam.Peer.Swarm;

/// <summary>
/// Who gets the next chunk: of each link the request with the earliest deadline, and where the uplink is capped, of all
/// links. All peers share one playhead, so deadlines of different peers can be compared.
/// </summary>
internal sealed class UploadScheduler(SwarmState state, OfferPlanner offers)
{
    private readonly SwarmState _state = state;
    private long _order;
    private readonly PipeGate _pipe = new(state);
    private readonly SpareUplink _spare = new(state);
    private double _tokens = double.NaN;
    private long _tokensAtUs;

    /// <summary>When <see cref="Pump"/> should be called again though nothing happens.</summary>
    public long DueUs { get; private set; } = long.MaxValue;

    /// <summary>Queues a request, or rejects it.</summary>
    public void Request(Link link, LinkTrack of, RequestFrame request, long nowUs)
    {
        if (!of.Track.Have[request.Chunk] || link.Wishes.Count >= _state.Settings.MaxQueuedRequests || IsForOthers(of, request.Chunk))
        {
            _state.Refuse(link, of, request.Chunk);
            TellStriper(of.Track, request.Chunk);
            return;
        }

        // Who does not know the playhead yet is served by this peer's own knowledge of it.
        var deadline = request.DeadlineMs == int.MaxValue
            ? Math.Min(of.Track.DeadlineUs(request.Chunk, nowUs), nowUs + _state.Settings.NoDeadlineUs)
            : nowUs + Math.Max(0, request.DeadlineMs) * 1000L;
        var index = link.Wishes.FindIndex(w => w.Of == of && w.Chunk == request.Chunk);
        offers.Claim(link, of, request.Chunk, nowUs);
        if (index >= 0)
            link.Wishes[index] = link.Wishes[index] with { DeadlineUs = deadline };
        else
            link.Wishes.Add(new Wish(of, request.Chunk, deadline, _order++, nowUs));
    }

    /// <summary>Whether someone waits for a chunk that it plays within <see cref="SwarmSettings.UrgentUs"/>.</summary>
    public bool HasUrgent(long nowUs)
    {
        foreach (var link in _state.Links.Values)
        {
            foreach (var wish in link.Wishes)
            {
                if (wish.Of.Track.IsRunning && wish.DeadlineUs - nowUs < _state.Settings.UrgentUs)
                    return true;
            }
        }

        return false;
    }

    /// <summary>Takes a request back.</summary>
    public static void Cancel(Link link, LinkTrack of, int chunk)
    {
        foreach (var piped in link.Pipe)
            piped.IsCancelled |= piped.Chunk == chunk && piped.Of == of;
        if (link.Wishes.Count > 0)
            link.Wishes.RemoveAll(w => w.Of == of && w.Chunk == chunk);
    }

    /// <summary>Hands chunks to sockets that have room for one.</summary>
    public void Pump(long nowUs)
    {
        DueUs = long.MaxValue;
        Refill(nowUs);
        _pipe.Begin();
        if (_state.IsUplinkPoor && !_state.Uplink.TryForget(nowUs))
            LeaveToOthers();
        else
            _spare.Recant();
        while (Next(nowUs) is var (link, wish))
        {
            var size = wish.Of.Track.Manifest!.SizeOf(wish.Chunk);
            if (!HasRoom(nowUs))
                return;
            if (_state.Settings.UpBytesPerSecond is { } limit)
            {
                if (_tokens < size)
                {
                    DueUs = nowUs + Math.Max(1, (long)Math.Ceiling((size - _tokens) * 1e6 / limit));
                    return;
                }

                _tokens -= size;
            }

            link.Wishes.Remove(wish);
            var pace = wish.Of.Track.IsStriped ? _pipe.PaceUsPerByte(wish.Of.Track, size, nowUs) : 0;
            var isAlone = _state.IsUplinkSpent && _state.Links.Values.All(l => l.Pipe.Count == 0);
            link.Pipe.Add(new Piped(wish.Of, wish.Chunk, size, nowUs) { IsAlone = isAlone });
            _pipe.OnSending(wish.Of.Track, size, nowUs);
            link.Sending++;
            link.BytesUp += size;
            wish.Of.ChunksTo++;
            offers.OnSending(wish.Of, wish.Chunk, nowUs);
            _state.Release(link);
            _state.Emit(new SendChunk(link.Id, wish.Of.Track.Id, wish.Of.Track.Slot, wish.Chunk, pace));
        }

        if (!HasRoom(nowUs))
            return;
        _state.Uplink.RunDry(nowUs);
        _spare.Say(nowUs);
        DueUs = Math.Min(DueUs, _spare.DueUs);
    }

    /// <summary>Something that is no chunk went out: where the uplink is capped, chunks wait for it.</summary>
    public void Spend(int bytes, long nowUs)
    {
        Refill(nowUs);
        _tokens -= bytes;
    }

    /// <summary>The socket has taken a chunk, or it could not be read (0 bytes).</summary>
    public static void OnSent(Link link, int bytes, long nowUs)
    {
        if (link.Sending == 0)
            return;
        link.Sending--;
        link.LastSentUs = nowUs;
        var index = link.Pipe.FindIndex(p => !p.IsTaken);
        if (index < 0)
            return;
        link.Pipe[index].TakenUs = nowUs;
        if (bytes == 0)
            link.Pipe.RemoveAt(index);
    }

    /// <summary>The other side's system has acknowledged a chunk.</summary>
    /// <returns>Whether that was news.</returns>
    public bool OnTold(Link link, LinkTrack of, int chunk, long nowUs)
    {
        _pipe.IsTold = true;
        return OnArrived(link, of, chunk, isTold: true, nowUs);
    }

    /// <summary>The other side has a chunk.</summary>
    public void OnHave(Link link, LinkTrack of, int chunk, long nowUs)
    {
        if (link.Wishes.Count > 0)
            link.Wishes.RemoveAll(w => w.Of == of && w.Chunk == chunk);
        OnArrived(link, of, chunk, isTold: false, nowUs);
    }

    // The other side's system has acknowledged it, or its peer says so, whichever is known first.
    private bool OnArrived(Link link, LinkTrack of, int chunk, bool isTold, long nowUs)
    {
        var index = link.Pipe.FindIndex(p => p.Chunk == chunk && p.Of == of);
        if (index < 0)
            return false;
        var piped = link.Pipe[index];
        if (piped.IsCancelled && _state.Uplink.IsKnown)
        {
            link.Pipe.RemoveAt(index);
            return true;
        }

        // Had from another: what was handed over is on its way all the same, and for an uplink that gives nothing else it is the only word.
        if (piped.IsCancelled && !isTold)
            return false;

        // The last chunk of a track is shorter: it would make all others look late. And most of it may be within what counts as acknowledged
        // before it is: by that a slow uplink would seem a quick one.
        if (!piped.IsShort)
        {
            if (!_state.Uplink.IsExcused(piped, nowUs, out _))
                _state.Uplink.Deliver(piped, _state.Uplink.IsKnown ? link.LeastRttUs : Math.Min(link.LeastRttUs, _state.UsualLeastRttUs()), nowUs);
            link.Answered(nowUs - piped.AtUs);
        }

        link.Pipe.RemoveAt(index);
        return true;
    }

    private bool HasRoom(long nowUs)
    {
        var hasRoom = _pipe.HasRoom(nowUs, out var dueUs);
        DueUs = Math.Min(DueUs, dueUs);
        return hasRoom;
    }

    private (Link Link, Wish Wish)? Next(long nowUs)
    {
        (Link, Wish)? best = null;
        foreach (var link in _state.Links.Values)
        {
            if (link.Sending >= _state.Settings.ChunksInSocket)
                continue;
            foreach (var wish in link.Wishes)
            {
                var heldUntilUs = Math.Max(offers.HeldUntilUs(wish.Of, wish.Chunk), SparedUntilUs(wish));
                if (heldUntilUs > nowUs)
                    DueUs = Math.Min(DueUs, heldUntilUs);
                else if (best is not var (_, other) || (wish.DeadlineUs, wish.Order).CompareTo((other.DeadlineUs, other.Order)) < 0)
                    best = (link, wish);
            }
        }

        return best;
    }

    // Who asked learns at once that it is to ask elsewhere.
    private void LeaveToOthers()
    {
        foreach (var link in _state.Links.Values)
        {
            for (var i = link.Wishes.Count - 1; i >= 0; i--)
            {
                var wish = link.Wishes[i];
                if (!IsForOthers(wish.Of, wish.Chunk))
                    continue;
                link.Wishes.RemoveAt(i);
                _state.Refuse(link, wish.Of, wish.Chunk);
                TellStriper(wish.Of.Track, wish.Chunk);
            }
        }
    }

    // Where nobody else has it, another is to relay it.
    private void TellStriper(Track track, int chunk)
    {
        if (!track.Have[chunk] || track.Availability[chunk] != 1)
            return;
        foreach (var link in _state.Links.Values)
        {
            if (link.ViewOf(track) is { } view && view is { IsReserved: true } && view.Disowned.Add(chunk))
                _state.Refuse(link, view, chunk);
        }
    }

    private bool IsForOthers(LinkTrack of, int chunk) =>
        of.Track.Availability[chunk] > 0
        && ((_state.IsUplinkPoor && of.Track is { IsComplete: false, IsRunning: false }) || (!of.Track.IsStriped && _state.IsCappedOut(of.Track)));

    // What nobody else has goes out at once, and what plays soon; the rest only to those who do not find it elsewhere.
    private long SparedUntilUs(Wish wish)
    {
        if (!_state.IsUplinkSpent || wish.Of.Track.IsComplete || wish.Of.Track.Availability[wish.Chunk] == 0)
            return 0;
        return Math.Min(wish.AtUs + _state.Settings.SpareUs, wish.DeadlineUs - _state.Settings.UrgentUs);
    }

    // A bucket that holds a tenth of a second, and at least the largest chunk that waits.
    private void Refill(long nowUs)
    {
        if (_state.Settings.UpBytesPerSecond is not { } limit)
            return;
        double depth = limit / 10.0;
        foreach (var track in _state.Tracks.Values)
            depth = Math.Max(depth, track.Manifest?.ChunkSizeBytes ?? 0);
        _tokens = double.IsNaN(_tokens) ? depth : Math.Min(depth, _tokens + (nowUs - _tokensAtUs) * (limit / 1e6));
        _tokensAtUs = nowUs;
    }
}
