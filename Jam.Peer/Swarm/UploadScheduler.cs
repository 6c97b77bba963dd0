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
    private long _busySinceUs;
    private double _tokens = double.NaN;
    private long _tokensAtUs;

    /// <summary>When <see cref="Pump"/> should be called again though nothing happens.</summary>
    public long DueUs { get; private set; } = long.MaxValue;

    /// <summary>Queues a request, or rejects it.</summary>
    public void Request(Link link, LinkTrack of, RequestFrame request, long nowUs)
    {
        if (!of.Track.Have[request.Chunk] || link.Wishes.Count >= _state.Settings.MaxQueuedRequests)
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
            link.Wishes.Add(new Wish(of, request.Chunk, deadline, _order++));
    }

    /// <summary>Takes a request back.</summary>
    public static void Cancel(Link link, LinkTrack of, int chunk) => link.Wishes.RemoveAll(w => w.Of == of && w.Chunk == chunk);

    /// <summary>Hands chunks to sockets that have room for one.</summary>
    public void Pump(long nowUs)
    {
        DueUs = long.MaxValue;
        Refill(nowUs);
        while (Next(nowUs) is var (link, wish))
        {
            var size = wish.Of.Track.Manifest!.SizeOf(wish.Chunk);
            if (!HasRoom(size, nowUs))
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
            if (SendingAnywhere() == 0)
                _busySinceUs = nowUs;
            link.SendingSinceUs.Enqueue(nowUs);
            link.BytesUp += size;
            wish.Of.ChunksTo++;
            offers.OnSending(wish.Of, wish.Chunk, nowUs);
            _state.Release(link);
            _state.Emit(new SendChunk(link.Id, wish.Of.Track.Id, wish.Of.Track.Slot, wish.Chunk));
        }
    }

    /// <summary>Something that is no chunk went out: where the uplink is capped, chunks wait for it.</summary>
    public void Spend(int bytes, long nowUs)
    {
        Refill(nowUs);
        _tokens -= bytes;
    }

    /// <summary>A chunk has left this machine.</summary>
    public void OnSent(Link link, int bytes, long nowUs)
    {
        if (!link.Sent(bytes, nowUs))
            return;
        if (bytes > 0)
        {
            var sample = Math.Max(1.0, nowUs - _busySinceUs) / bytes;
            var known = _state.UplinkUsPerByte;
            _state.UplinkUsPerByte = known == 0 ? sample : known + (sample - known) / 8;
        }

        _busySinceUs = nowUs;
    }

    private int SendingAnywhere()
    {
        var count = 0;
        foreach (var link in _state.Links.Values)
            count += link.Sending;
        return count;
    }

    // What was handed to sockets can no longer be overtaken by something more urgent, and what the slowest hop cannot queue is
    // lost: so no more than the uplink carries in a moment beyond the round trip is on its way. Never less than two chunks,
    // unless they take long: between one and the next the uplink would stand still. A chunk that a slow receiver does not take
    // does not count: it must not stop the others.
    private bool HasRoom(int chunkSize, long nowUs)
    {
        var chunkUs = _state.UplinkUsPerByte * chunkSize;
        var most = chunkUs == 0 ? 4 : 1 + (int)Math.Min(1_000, (_state.Settings.SocketQueueUs + RoundTripUs()) / chunkUs);
        if (chunkUs < _state.Settings.LongChunkUs)
            most = Math.Max(2, most);
        var patienceUs = Math.Max(_state.Settings.SlowReceiverUs, (long)(4 * chunkUs));
        var count = 0;
        var agesAtUs = long.MaxValue;
        foreach (var link in _state.Links.Values)
        {
            foreach (var since in link.SendingSinceUs)
            {
                if (nowUs - since >= patienceUs)
                    continue;
                count++;
                agesAtUs = Math.Min(agesAtUs, since + patienceUs);
            }
        }

        if (count < most)
            return true;
        DueUs = Math.Min(DueUs, agesAtUs);
        return false;
    }

    private long RoundTripUs()
    {
        var longest = 0L;
        foreach (var link in _state.Links.Values)
        {
            if (link.Sending > 0 || link.Wishes.Count > 0)
                longest = Math.Max(longest, link.MinRttUs);
        }

        return longest;
    }

    private (Link Link, Wish Wish)? Next(long nowUs)
    {
        (Link, Wish)? best = null;
        foreach (var link in _state.Links.Values)
        {
            foreach (var wish in link.Wishes)
            {
                if (link.Sending >= link.MaxSending(wish.Of.Track.Manifest!.ChunkSizeBytes))
                    continue;
                var heldUntilUs = offers.HeldUntilUs(wish.Of, wish.Chunk);
                if (heldUntilUs > nowUs)
                    DueUs = Math.Min(DueUs, heldUntilUs);
                else if (best is not var (_, other) || (wish.DeadlineUs, wish.Order).CompareTo((other.DeadlineUs, other.Order)) < 0)
                    best = (link, wish);
            }
        }

        return best;
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
