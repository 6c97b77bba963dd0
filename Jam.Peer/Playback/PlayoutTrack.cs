namespace Jam.Peer.Playback;

/// <summary>
/// A track that can be played: what the decoder's thread has put into rings, for the render to take. Two rings, because a seek is
/// prepared while what came before it still plays.
/// </summary>
internal sealed class PlayoutTrack(string trackId, int sampleRate, long? lengthFrames)
{
    /// <summary>A position needs some frames before it; no kernel reaches further back (8 to 1 takes 256 taps).</summary>
    private const int KernelMargin = 128;

    private float _gain = 1;
    private FrameRing? _first;
    private FrameRing? _second;

    public string TrackId { get; } = trackId;

    public int SampleRate { get; } = sampleRate;

    /// <summary>Null where only decoding will tell.</summary>
    public long? LengthFrames { get; } = lengthFrames;

    /// <summary>Any thread: how loud it is to sound, a factor; what sounds already keeps what it has until it starts anew.</summary>
    public float Gain
    {
        get => Volatile.Read(ref _gain);
        set => Volatile.Write(ref _gain, value);
    }

    /// <summary>The ring that holds these frames, or null.</summary>
    public FrameRing? Find(long first, long count)
    {
        var a = Volatile.Read(ref _first);
        if (a is not null && a.Has(first, count))
            return a;
        var b = Volatile.Read(ref _second);
        return b is not null && b.Has(first, count) ? b : null;
    }

    /// <summary>Writer: the ring that a position lies in or at most <paramref name="slackFrames"/> after, or null.</summary>
    public FrameRing? Covering(long frame, long slackFrames)
    {
        var a = Volatile.Read(ref _first);
        if (a is not null && Covers(a, frame, slackFrames))
            return a;
        var b = Volatile.Read(ref _second);
        return b is not null && Covers(b, frame, slackFrames) ? b : null;
    }

    /// <summary>Writer: adds a ring in the place of the one that is not <paramref name="keep"/>.</summary>
    public void Add(FrameRing ring, FrameRing? keep)
    {
        if (ReferenceEquals(Volatile.Read(ref _first), keep) && keep is not null)
            Volatile.Write(ref _second, ring);
        else
            Volatile.Write(ref _first, ring);
    }

    private static bool Covers(FrameRing ring, long frame, long slack) =>
        Math.Max(0, frame - KernelMargin) >= ring.Start && (frame <= ring.End + slack || ring.IsComplete);
}
