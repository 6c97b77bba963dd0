using Jam.Peer.Playback;

namespace Jam.Peer.Audio;

/// <summary>Puts decoded frames where a plan wants them. Belongs to the decoder's thread.</summary>
internal sealed class RingFiller(Decoders decoders)
{
    /// <summary>Held in a ring, rounded up: 2 MiB at 44.1 kHz.</summary>
    private const double RingS = 5.4;

    /// <summary>Decoded in one go.</summary>
    private const int BatchFrames = 4096;

    /// <summary>Kept behind the playhead, for small steps back.</summary>
    private const double BehindS = 1;

    /// <summary>A playhead so far ahead of the ring is reached by decoding on; beyond that, by a seek.</summary>
    private const double DecodeOnS = 1;

    /// <summary>A new ring begins this much before the wanted frame.</summary>
    private const double HistoryS = 0.1;

    private readonly float[] _batch = new float[2 * BatchFrames];
    private ITrackReader? _reader;
    private ITrackDecoder? _decoder;

    /// <summary>The track that is open; null without one.</summary>
    public PlayoutTrack? Track { get; private set; }

    /// <summary>How often damaged bytes of it were replaced by silence.</summary>
    public int Concealed => _decoder?.Concealed ?? 0;

    /// <summary>What people should know about how it is decoded, a line; null: nothing.</summary>
    public string? Remark => _decoder?.Remark;

    /// <summary>Opens a track, waiting for its first frames, or those of the place that will be wanted first. Null where it cannot be played, and why.</summary>
    public PlayoutTrack? Open(
        string trackId, ITrackReader reader, TrackIndex? index, long fromUs, out string? error, CancellationToken token)
    {
        Close();
        _reader = reader;
        _decoder = DecoderFactory.Open(reader, index, decoders, Math.Max(0, fromUs - (long)(HistoryS * 1e6)), out error, token);
        Track = _decoder is null ? null : new PlayoutTrack(trackId, _decoder.SampleRate, _decoder.LengthFrames);
        return Track;
    }

    /// <summary>An index that came after the track was opened.</summary>
    public void UseIndex(TrackIndex index) => _decoder?.UseIndex(index);

    /// <summary>Lets go of the track; what is in its rings stays playable.</summary>
    public void Close()
    {
        Track = null;
        _decoder?.Dispose();
        _decoder = null;
        (_reader as IDisposable)?.Dispose();
        _reader = null;
    }

    /// <summary>Decodes one batch towards the plan; false where it is fulfilled.</summary>
    public bool Fill(in FillPlan plan, CancellationToken token)
    {
        FrameRing? now = null;
        if (plan.Now is { } goal)
        {
            // Where both are served by one ring, it must keep what either needs.
            var keep = Math.Min(ToFrames(goal.FromUs), KeptFor(plan, goal));
            if (FillGoal(goal, keep, null, out now, token))
                return true;
        }
        return plan.Next is { } next && FillGoal(next, plan.Now is null ? ToFrames(next.FromUs) : 0, now, out _, token);
    }

    private long KeptFor(in FillPlan plan, in FillGoal goal)
    {
        var slack = (long)(DecodeOnS * _decoder!.SampleRate);
        if (plan.Next is not { } later)
            return long.MaxValue;
        var next = ToFrames(later.FromUs);
        var ring = Track!.Covering(ToFrames(goal.FromUs), slack);
        return ring is not null && ReferenceEquals(ring, Track.Covering(next, slack)) ? next : long.MaxValue;
    }

    private bool FillGoal(in FillGoal goal, long keepFrame, FrameRing? other, out FrameRing? ring, CancellationToken token)
    {
        var decoder = _decoder!;
        var rate = decoder.SampleRate;
        var from = ToFrames(goal.FromUs);
        ring = Track!.Covering(from, (long)(DecodeOnS * rate));
        if (ring is null)
        {
            var first = Math.Max(0, from - (long)(HistoryS * rate));
            decoder.SeekFrames(first, token);
            ring = new FrameRing((int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(RingS * rate)), first);
            Track.Add(ring, other);
        }
        ring.Release(keepFrame - (long)(BehindS * rate));
        var count = Math.Min(BatchFrames, ring.Space);
        if (ring.IsComplete || ring.End >= ToFrames(goal.UntilUs) || count < BatchFrames / 4)
            return false;
        if (decoder.PositionFrames != ring.End)
            decoder.SeekFrames(ring.End, token);
        var read = decoder.Read(_batch.AsSpan(0, 2 * count), token);
        if (read == 0)
            ring.Complete();
        else
            ring.Append(_batch.AsSpan(0, 2 * read));
        return true;
    }

    private long ToFrames(long us) => (long)((Int128)us * _decoder!.SampleRate / 1_000_000);
}
