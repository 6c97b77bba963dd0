namespace Jam.Peer.Gateway;

/// <summary>
/// Who listens through this peer, so many at most. A listener keeps its place while it asks for something at least every now and then.
/// Safe for any thread.
/// </summary>
/// <param name="places">How many may listen at a time.</param>
/// <param name="total">What all of them together may take; null: any amount.</param>
internal sealed class Audience(int places, Pace? total)
{
    /// <summary>What one listener may ask for at the same time.</summary>
    public const int RequestsAtOnce = 4;

    /// <summary>A place is free again so long after its listener's last request.</summary>
    public const long IdleUs = 15_000_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Listener> _listeners = [];

    /// <summary>How many places are free.</summary>
    public int Free(long nowUs)
    {
        lock (_gate)
        {
            Forget(nowUs);
            return places - _listeners.Count;
        }
    }

    /// <summary>Begins a request. <see cref="Leave"/> ends it.</summary>
    /// <param name="who">Whom the request comes from.</param>
    /// <param name="makePace">What a new listener may take.</param>
    /// <param name="nowUs">Local instant.</param>
    /// <returns>The listener; null where no place is free, or it asks for too much at once.</returns>
    public Listener? Enter(string who, Func<Pace> makePace, long nowUs)
    {
        lock (_gate)
        {
            Forget(nowUs);
            if (!_listeners.TryGetValue(who, out var listener))
            {
                if (_listeners.Count >= places)
                    return null;
                _listeners.Add(who, listener = new Listener(makePace()));
            }

            if (listener.Open >= RequestsAtOnce)
                return null;
            listener.Open++;
            listener.SeenUs = nowUs;
            return listener;
        }
    }

    /// <summary>Ends a request.</summary>
    public void Leave(Listener listener, long nowUs)
    {
        lock (_gate)
        {
            listener.Open--;
            listener.SeenUs = nowUs;
        }
    }

    /// <summary>Takes bytes for a listener; how long to wait before they may go out, microseconds.</summary>
    public long TakeUs(Listener listener, int bytes, long nowUs)
    {
        lock (_gate)
            return Math.Max(listener.Pace.TakeUs(bytes, nowUs), total?.TakeUs(bytes, nowUs) ?? 0);
    }

    private void Forget(long nowUs)
    {
        foreach (var (who, listener) in _listeners)
        {
            if (listener.Open == 0 && nowUs - listener.SeenUs >= IdleUs)
                _listeners.Remove(who);
        }
    }

    /// <summary>One who listens. Guarded by the audience's lock.</summary>
    internal sealed class Listener(Pace pace)
    {
        public Pace Pace { get; } = pace;

        public int Open { get; set; }

        public long SeenUs { get; set; }
    }
}
