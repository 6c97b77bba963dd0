namespace Jam.Peer.Playback;

/// <summary>
/// Decoded stereo frames of one run of a track, addressed by their absolute place in it. One thread writes, one reads, without a
/// lock: the writer overwrites only what lies before <see cref="Release"/>, and a read that lost that race says so. A ring is never
/// reused for another run: a seek makes a new one, and the reader keeps the old one for as long as it fades out.
/// </summary>
internal sealed class FrameRing
{
    private readonly float[] _left;
    private readonly float[] _right;
    private readonly int _mask;
    private long _start;
    private long _end;
    private long _released;
    private volatile bool _isComplete;

    /// <param name="capacityFrames">A power of two.</param>
    /// <param name="firstFrame">Where the run begins in the track.</param>
    public FrameRing(int capacityFrames, long firstFrame)
    {
        if (!System.Numerics.BitOperations.IsPow2(capacityFrames))
            throw new ArgumentOutOfRangeException(nameof(capacityFrames), capacityFrames, "Must be a power of two.");
        _left = new float[capacityFrames];
        _right = new float[capacityFrames];
        _mask = capacityFrames - 1;
        FirstFrame = _start = _end = _released = firstFrame;
    }

    /// <summary>Where the run began.</summary>
    public long FirstFrame { get; }

    /// <summary>First frame that is still here.</summary>
    public long Start => Volatile.Read(ref _start);

    /// <summary>One past the last frame that is here.</summary>
    public long End => Volatile.Read(ref _end);

    /// <summary>Whether <see cref="End"/> is the end of the track.</summary>
    public bool IsComplete => _isComplete;

    /// <summary>Writer: how many frames fit now.</summary>
    public int Space => (int)(_left.Length - (_end - Math.Min(_released, _end)));

    /// <summary>Writer: frames before this are not needed any more.</summary>
    public void Release(long frame) => _released = Math.Max(_released, frame);

    /// <summary>Writer: no frame follows.</summary>
    public void Complete() => _isComplete = true;

    /// <summary>Writer: appends interleaved stereo frames, at most <see cref="Space"/> of them.</summary>
    public void Append(ReadOnlySpan<float> interleaved)
    {
        var frames = interleaved.Length / 2;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(frames, Space, nameof(interleaved));
        var end = _end;
        // What is about to be overwritten stops being readable before the first byte changes.
        Volatile.Write(ref _start, Math.Max(_start, end + frames - _left.Length));
        Interlocked.MemoryBarrier();
        for (var i = 0; i < frames; i++)
        {
            var at = (int)((end + i) & _mask);
            _left[at] = interleaved[2 * i];
            _right[at] = interleaved[2 * i + 1];
        }
        Volatile.Write(ref _end, end + frames);
    }

    /// <summary>Reader: whether these frames can be read: here, or before the track's start, or after its known end.</summary>
    public bool Has(long first, long count)
    {
        if (first < Start && !(Start == 0 && first < 0))
            return false;
        return first + count <= End || IsComplete;
    }

    /// <summary>Reader: copies frames; those outside the track are silence. False where some are not here.</summary>
    public bool TryRead(long first, Span<float> left, Span<float> right)
    {
        if (!Has(first, left.Length))
            return false;
        var end = End;
        for (var i = 0; i < left.Length;)
        {
            var frame = first + i;
            if (frame < 0 || frame >= end)
            {
                var silent = frame < 0 ? (int)Math.Min(left.Length - i, -frame) : left.Length - i;
                left.Slice(i, silent).Clear();
                right.Slice(i, silent).Clear();
                i += silent;
                continue;
            }
            var at = (int)(frame & _mask);
            var run = (int)Math.Min(Math.Min(left.Length - i, end - frame), _left.Length - at);
            _left.AsSpan(at, run).CopyTo(left[i..]);
            _right.AsSpan(at, run).CopyTo(right[i..]);
            i += run;
        }
        Interlocked.MemoryBarrier();
        return Math.Max(first, 0) >= Start;
    }
}
