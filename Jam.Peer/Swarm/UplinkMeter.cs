namespace Jam.Peer.Swarm;

/// <summary>A chunk that was handed to a link's socket and that the other side has not said to have yet.</summary>
internal sealed class Piped(LinkTrack of, int chunk, int bytes, long atUs)
{
    public LinkTrack Of { get; } = of;

    public int Chunk { get; } = chunk;

    public int Bytes { get; } = bytes;

    /// <summary>Whether it is the track's last one and shorter than the others.</summary>
    public bool IsShort => Of.Track.Manifest!.IsShort(Chunk);

    public long AtUs { get; } = atUs;

    /// <summary>When the kernel took it; <see cref="long.MaxValue"/>: not yet.</summary>
    public long TakenUs { get; set; } = long.MaxValue;

    /// <summary>Whether the kernel has taken it.</summary>
    public bool IsTaken => TakenUs != long.MaxValue;

    /// <summary>When something was answered that was asked for after the kernel took it; <see cref="long.MaxValue"/>: not yet. It had left by then.</summary>
    public long PassedUs { get; private set; } = long.MaxValue;

    /// <summary>Whether others were pinged because it is late.</summary>
    public bool IsAskedAbout { get; set; }

    /// <summary>Whether it says nothing of the uplink: what holds it up is on the other side.</summary>
    public bool IsExcused { get; set; }

    /// <summary>Whether the other side has it from elsewhere by now: that it has it says nothing.</summary>
    public bool IsCancelled { get; set; }

    /// <summary>Whether nothing else was on its way when it was handed over, though there was more to send than was let out.</summary>
    public bool IsAlone { get; init; }

    /// <summary>Something was answered.</summary>
    /// <returns>Whether that is the first to say that this has left.</returns>
    public bool OnAnswer(long askedUs, long nowUs)
    {
        if (askedUs <= TakenUs || PassedUs != long.MaxValue)
            return false;
        PassedUs = nowUs;
        return true;
    }
}

/// <summary>
/// What the uplink carries. A kernel takes a chunk or two per socket at once, so the time that it takes to take them says nothing
/// of a slow uplink with many links; what says it is how much arrives: a HAVE of the chunk from whoever it was sent to. Counted over
/// times in which there was more to send than was let out; what arrived while there was too little counts only where it is more.
/// </summary>
internal sealed class UplinkMeter(SwarmSettings settings)
{
    private const long WindowUs = 250_000;
    private const int WindowChunks = 3;
    private const int FewChunks = 4;

    private double _rate;
    private long _sinceUs = -1;
    private long _bytes;
    private int _chunks;
    private bool _isReached;
    private double _last;
    private int _excused;

    /// <summary>Whether round trips contradict what the first chunk said.</summary>
    public UplinkDoubt Doubt { get; } = new(settings);

    /// <summary>Where round trips contradict it, what was measured is forgotten: the next chunk is the first again.</summary>
    /// <returns>Whether it was.</returns>
    public bool TryForget(long nowUs)
    {
        if (!IsKnown || !Doubt.TryTake(nowUs))
            return false;
        (_rate, _last, _isReached, _sinceUs, LeastUsPerByte, _excused) = (0, 0, false, -1, 0, 0);
        return true;
    }

    /// <summary>Microseconds per byte; 0: unknown yet.</summary>
    public double UsPerByte => _rate > 0 ? 1 / _rate : 0;

    /// <summary>At the least, microseconds per byte: before the first arrival, by how long that has not come.</summary>
    public double LeastUsPerByte { get; private set; }

    /// <summary>When a chunk last arrived; 0: none has.</summary>
    public long LastArrivalUs { get; private set; }

    /// <summary>What something smaller took at the least before the first chunk, with all that went beside it and the way there and back, microseconds per byte; 0: unknown.</summary>
    public double SuspectedUsPerByte { get; private set; }

    /// <summary>Something that is no chunk has arrived.</summary>
    public void Suspect(int bytes, long tookUs) => SuspectedUsPerByte = SuspectedUsPerByte == 0 ? tookUs / (double)bytes : Math.Min(SuspectedUsPerByte, tookUs / (double)bytes);

    /// <summary>What the first chunk took, with the way there and back, while no other has arrived, microseconds per byte; else 0.</summary>
    public double FirstUsPerByte { get; private set; }

    /// <summary>Whether a chunk has arrived.</summary>
    public bool IsKnown => _rate > 0;

    /// <summary>The first chunk has been on its way for a while.</summary>
    public void Wait(Piped first, long nowUs)
    {
        if (!IsKnown && !first.IsShort)
            LeastUsPerByte = ((_excused < settings.MaxExcused ? Math.Min(nowUs, first.PassedUs) : nowUs) - first.AtUs) / (double)first.Bytes;
    }

    /// <summary>
    /// Whether a first chunk is late though what went out after it was answered long ago: its receiver's own uplink, full of other things, keeps
    /// the word of it. Another is to tell then. Not for ever: where a router lets small packets overtake, such an answer says nothing.
    /// </summary>
    /// <param name="first">The chunk.</param>
    /// <param name="nowUs">Now.</param>
    /// <param name="dueUs">Where not: when it would be.</param>
    public bool IsExcused(Piped first, long nowUs, out long dueUs)
    {
        dueUs = long.MaxValue;
        if (IsKnown)
            return false;
        if (first.IsExcused)
            return true;
        if (first.IsShort || first.PassedUs == long.MaxValue || _excused >= settings.MaxExcused)
            return false;
        dueUs = first.AtUs + Math.Max(settings.SocketQueueUs, settings.ExcuseTimes * (first.PassedUs - first.AtUs));
        if (nowUs < dueUs)
            return false;
        _excused++;
        return first.IsExcused = true;
    }

    /// <summary>There is less to send than there would be room for: what arrives from now on does not say what the uplink can do.</summary>
    public void RunDry(long nowUs)
    {
        if (_chunks >= WindowChunks && nowUs - _sinceUs > WindowUs / 4)
            Take(_bytes / (double)(nowUs - _sinceUs), onlyMore: true);
        _sinceUs = -1;
    }

    /// <summary>A chunk has arrived.</summary>
    public void Deliver(Piped chunk, long rttUs, long nowUs)
    {
        LastArrivalUs = nowUs;
        var tookUs = Math.Max(1, nowUs - chunk.AtUs);
        // The way there and back is not the uplink's.
        if (!IsKnown)
            Doubt.Begin(nowUs);
        FirstUsPerByte = IsKnown ? 0 : tookUs / (double)chunk.Bytes;
        if (!IsKnown || chunk.IsAlone)
            Take(chunk.Bytes / Math.Max(tookUs / 3.0, tookUs - rttUs), onlyMore: IsKnown);
        if (_sinceUs < 0)
        {
            (_sinceUs, _bytes, _chunks) = (nowUs, 0, 0);
            return;
        }

        _bytes += chunk.Bytes;
        if (++_chunks < WindowChunks || nowUs - _sinceUs < WindowUs)
            return;
        Take(_bytes / (double)(nowUs - _sinceUs), onlyMore: false);
        (_sinceUs, _bytes, _chunks) = (nowUs, 0, 0);
    }

    private void Take(double rate, bool onlyMore)
    {
        if (onlyMore && rate <= _rate)
            return;
        // Up at once, down by and by: a moment of loss is not the uplink. But once it has been reached, more of a few chunks is chance unless
        // it comes twice: what a slow uplink is taken for beyond what it carries waits before it until packets are dropped.
        var isChance = _isReached && _chunks <= FewChunks;
        var up = isChance ? Math.Min(rate, _last) : rate;
        _isReached |= rate < _rate;
        _rate = up > _rate ? up : _rate + (Math.Min(rate, _rate) - _rate) / 4;
        _last = rate;
        LeastUsPerByte = 1 / _rate;
    }
}
