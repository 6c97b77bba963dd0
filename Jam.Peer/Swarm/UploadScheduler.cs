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
    // A little more than what is known to arrive, or an uplink that has become faster would not show it.
    private const double Probe = 1.25;

    private int _inPipe;
    // When what was handed over has left at the rate that is known.
    private long _drainedAtUs;
    private bool _isTold;
    private double _tokens = double.NaN;
    private long _tokensAtUs;

    /// <summary>When <see cref="Pump"/> should be called again though nothing happens.</summary>
    public long DueUs { get; private set; } = long.MaxValue;

    /// <summary>Queues a request, or rejects it.</summary>
    public void Request(Link link, LinkTrack of, RequestFrame request, long nowUs)
    {
        if (!of.Track.Have[request.Chunk] || link.Wishes.Count >= _state.Settings.MaxQueuedRequests || IsForOthers(of, request.Chunk))
        {
            _state.Send(link, new RejectFrame(of.Track.Slot, request.Chunk));
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
        if (_state.IsUplinkPoor)
            LeaveToOthers();
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
            link.Pipe.Add(new Piped(wish.Of, wish.Chunk, size, nowUs));
            _drainedAtUs = Math.Max(_drainedAtUs, nowUs) + (long)(_state.UplinkUsPerByte * size);
            link.Sending++;
            link.BytesUp += size;
            wish.Of.ChunksTo++;
            offers.OnSending(wish.Of, wish.Chunk, nowUs);
            _state.Release(link);
            _state.Emit(new SendChunk(link.Id, wish.Of.Track.Id, wish.Of.Track.Slot, wish.Chunk));
        }

        if (HasRoom(nowUs))
            _state.Uplink.RunDry(nowUs);
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
        link.Pipe[index].IsTaken = true;
        if (bytes == 0)
            link.Pipe.RemoveAt(index);
    }

    /// <summary>The other side's system has acknowledged a chunk.</summary>
    /// <returns>Whether that was news.</returns>
    public bool OnTold(Link link, LinkTrack of, int chunk, long nowUs)
    {
        _isTold = true;
        return OnArrived(link, of, chunk, nowUs);
    }

    /// <summary>The other side has a chunk.</summary>
    public void OnHave(Link link, LinkTrack of, int chunk, long nowUs)
    {
        if (link.Wishes.Count > 0)
            link.Wishes.RemoveAll(w => w.Of == of && w.Chunk == chunk);
        OnArrived(link, of, chunk, nowUs);
    }

    /// <summary>A chunk has arrived: the other side's system has acknowledged it, or its peer says so, whichever is known first.</summary>
    /// <returns>Whether that was news.</returns>
    private bool OnArrived(Link link, LinkTrack of, int chunk, long nowUs)
    {
        var index = link.Pipe.FindIndex(p => p.Chunk == chunk && p.Of == of);
        if (index < 0)
            return false;
        var piped = link.Pipe[index];
        if (piped.IsCancelled)
        {
            link.Pipe.RemoveAt(index);
            return true;
        }

        _state.Uplink.Deliver(piped, link.LeastRttUs, nowUs);
        link.Answered(nowUs - piped.AtUs);
        link.Pipe.RemoveAt(index);
        return true;
    }

    // What was handed over can no longer be overtaken by something more urgent, so no more than the uplink carries in a moment
    // is on its way. What does not arrive for long waits for a slow receiver: it does not count, and must not stop the others.
    private bool HasRoom(long nowUs)
    {
        var queueUs = _state.Settings.SocketQueueUs;
        // Bytes on their way, and bytes times how long they may be.
        var (bytes, mayUs) = (0.0, 0.0);
        var (late, lateMayUs, lateLinks) = (0.0, 0.0, 0);
        var agesAtUs = long.MaxValue;
        _inPipe = 0;
        // What waits on this side delays them all; what comes on top is the way and the other side.
        var ownUs = long.MaxValue;
        foreach (var link in _state.Links.Values)
            ownUs = Math.Min(ownUs, link.SlowerUs);
        foreach (var link in _state.Links.Values)
        {
            if (link.Pipe.Count == 0)
                continue;
            var theirsUs = link.SlowerUs == long.MaxValue ? 0 : Math.Min(link.SlowerUs - ownUs, _state.Settings.SlowReceiverUs);
            var isLate = false;
            for (var i = link.Pipe.Count - 1; i >= 0; i--)
            {
                var piped = link.Pipe[i];
                var chunkUs = (long)(_state.UplinkUsPerByte * piped.Bytes);
                var fastestUs = link.FastestUs == long.MaxValue ? link.LeastRttUs + chunkUs + Math.Min(chunkUs, queueUs) : Math.Min(link.FastestUs, _state.Settings.SlowReceiverUs);
                // Less what the chunk itself took: all of that where it is what takes the time, else an uplink that is taken for too slow
                // would stay so.
                var ownPartUs = fastestUs - link.LeastRttUs > 8 * queueUs ? chunkUs : Math.Min(chunkUs, fastestUs / 3);
                var patienceUs = Math.Max(queueUs, queueUs + fastestUs - ownPartUs) + theirsUs;
                // One that takes longer than all of that is not late because of it, nor because of the one before it.
                var ageUs = piped.AtUs + patienceUs + (chunkUs > queueUs ? 2 * chunkUs : 0);
                if (!_state.Uplink.IsKnown)
                {
                    _state.Uplink.Wait(piped, nowUs);
                    ageUs += _state.Settings.LostReceiverUs;
                }

                if (ageUs > nowUs)
                {
                    _inPipe++;
                    bytes += piped.Bytes;
                    mayUs += (double)piped.Bytes * patienceUs;
                    agesAtUs = Math.Min(agesAtUs, ageUs);
                }
                else if (piped.IsTaken && nowUs > ageUs + _state.Settings.LostReceiverUs)
                {
                    link.Pipe.RemoveAt(i);
                }
                else
                {
                    isLate = true;
                    late += piped.Bytes;
                    lateMayUs += (double)piped.Bytes * patienceUs;
                }
            }

            if (isLate)
                lateLinks++;
        }

        // Many slow receivers at once are none: it is this uplink that has too much to carry.
        if (lateLinks > 1)
            (bytes, mayUs) = (bytes + late, mayUs + lateMayUs);
        // Where a chunk takes long and only a HAVE tells that it came, the next one follows when that is about to be gone: the HAVE may
        // wait behind what its sender relays. Two at most, since the rate may have become another.
        _drainedAtUs = Math.Min(_drainedAtUs, nowUs + (long)(_state.UplinkUsPerByte * bytes));
        if (!_isTold && _state.Uplink.IsKnown && _inPipe == 1)
        {
            var soonUs = _drainedAtUs - queueUs;
            if (soonUs <= nowUs)
                return true;
            DueUs = Math.Min(DueUs, soonUs);
        }

        if (_inPipe == 0 || (_state.Uplink.IsKnown ? bytes * bytes * _state.UplinkUsPerByte <= Probe * mayUs : _inPipe < _state.Settings.FirstInPipe))
            return true;
        DueUs = Math.Min(DueUs, agesAtUs);
        return false;
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
                _state.Send(link, new RejectFrame(wish.Of.Track.Slot, wish.Chunk));
            }
        }
    }

    private bool IsForOthers(LinkTrack of, int chunk) => _state.IsUplinkPoor && of.Track is { IsComplete: false, IsRunning: false } && of.Track.Availability[chunk] > 0;

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
