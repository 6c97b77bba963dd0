using Jam.Server.Contracts;

namespace Jam.Peer.Playback;

/// <summary>What an engine was right before it rendered an output frame.</summary>
internal readonly record struct Checkpoint(
    long Frame, VoiceState Main, VoiceState Tail, Timeline? Anchor, GuardState Guard, double Volume, int Underruns, int Snaps,
    long StarvedFrom);

/// <summary>
/// The engine's state before each of the last blocks, so that what is queued but not heard yet can be rendered again. Allocates nothing
/// after it is made.
/// </summary>
internal sealed class PlayoutHistory
{
    /// <summary>Blocks of 10 ms and shorter ones: more than any queue holds.</summary>
    private const int Capacity = 256;

    private readonly Checkpoint[] _points = new Checkpoint[Capacity];
    private long _count;

    /// <summary>The most that <see cref="_count"/> ever was: older points than its last <see cref="Capacity"/> are overwritten.</summary>
    private long _most;

    /// <summary>Remembers; frames come in ascending order.</summary>
    public void Add(in Checkpoint point)
    {
        _points[_count++ % Capacity] = point;
        _most = Math.Max(_most, _count);
    }

    /// <summary>The first place at or after a frame that can be gone back to; -1 where there is none.</summary>
    public long FirstFrom(long frame)
    {
        var found = -1L;
        for (var i = _count - 1; i >= Math.Max(0, _most - Capacity); i--)
        {
            var at = _points[i % Capacity].Frame;
            if (at < frame)
                break;
            found = at;
        }
        return found;
    }

    /// <summary>Gives back what was, and forgets it and all that came after.</summary>
    /// <param name="frame">As <see cref="FirstFrom"/> said it.</param>
    public Checkpoint TakeBack(long frame)
    {
        while (_points[(_count - 1) % Capacity].Frame != frame)
            _count--;
        return _points[--_count % Capacity];
    }
}
