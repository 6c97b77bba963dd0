using Jam.Peer.Playback;

namespace Jam.Peer.Audio;

/// <summary>A track to be opened.</summary>
/// <param name="TrackId">As the timeline names it.</param>
/// <param name="Open">Opens its bytes; called on the decoder's thread, perhaps more than once.</param>
/// <param name="Index">Where its frames stand, where that is known.</param>
internal sealed record TrackRequest(string TrackId, Func<ITrackReader> Open, TrackIndex? Index = null);

/// <summary>
/// Tracks that may come next, opened and decoded from their beginning for a moment, so that a change to one of them needs nothing but to be
/// told. Belongs to the decoder's thread, which has time for it when what plays is far enough ahead.
/// </summary>
internal sealed class ReadyTracks(Decoders decoders)
{
    /// <summary>Decoded of each: more than a change's lead and a busy machine's pauses together.</summary>
    private static readonly FillPlan s_beginning = new(null, new FillGoal(0, 2_000_000));

    private readonly List<Kept> _kept = [];

    /// <summary>Hands over a track that was opened; null where it was not.</summary>
    public RingFiller? Take(string trackId)
    {
        var kept = _kept.Find(one => one.Request.TrackId == trackId);
        if (kept is null)
            return null;
        _kept.Remove(kept);
        if (kept.Filler.Track is not null)
            return kept.Filler;
        kept.Filler.Close();
        return null;
    }

    /// <summary>Goes a step towards having these ready, and lets go of all others.</summary>
    /// <returns>False where nothing is left to do.</returns>
    public bool Prepare(IReadOnlyList<TrackRequest> wanted, CancellationToken token)
    {
        for (var i = _kept.Count - 1; i >= 0; i--)
        {
            if (wanted.Any(one => one.TrackId == _kept[i].Request.TrackId))
                continue;
            _kept[i].Filler.Close();
            _kept.RemoveAt(i);
        }
        foreach (var request in wanted)
        {
            var kept = _kept.Find(one => one.Request.TrackId == request.TrackId);
            if (kept is null)
                _kept.Add(kept = new Kept(request, new RingFiller(decoders)));
            if (!kept.HasFailed && Step(kept, token))
                return true;
        }
        return false;
    }

    /// <summary>Lets go of all.</summary>
    public void Close() => Prepare([], CancellationToken.None);

    private static bool Step(Kept kept, CancellationToken token)
    {
        try
        {
            if (kept.Filler.Track is not null)
                return kept.Filler.Fill(s_beginning, token);
            kept.HasFailed = kept.Filler.Open(kept.Request.TrackId, kept.Request.Open(), kept.Request.Index, 0, out _, token) is null;
            return true;
        }
        catch (OperationCanceledException)
        {
            throw;
        }
#pragma warning disable CA1031 // Why it cannot be played is told when it should be: then it is opened again.
        catch (Exception)
        {
            kept.HasFailed = true;
            kept.Filler.Close();
            return true;
        }
#pragma warning restore CA1031
    }

    private sealed class Kept(TrackRequest request, RingFiller filler)
    {
        public TrackRequest Request { get; } = request;

        public RingFiller Filler { get; } = filler;

        public bool HasFailed { get; set; }
    }
}
