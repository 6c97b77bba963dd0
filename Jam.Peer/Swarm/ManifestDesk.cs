using Jam.Peer.Wire;

namespace Jam.Peer.Swarm;

/// <summary>
/// Gives manifests out. When a track is seeded, the whole room asks the host for it at the same moment, and eight copies of a long one
/// are seconds of a slow uplink. So a host gives it to one and lets the others wait a moment: they hear that the first has it, and ask
/// there. Whoever is still without it then is served next; where the first had it in no time, everyone is, and where a copy is quick the
/// next goes out when there is nothing else to send. Everyone else gives it to one after the other, so that a slow uplink is not filled
/// with copies that all come late.
/// </summary>
internal sealed class ManifestDesk(SwarmState state)
{
    private readonly SwarmState _state = state;
    private readonly List<Waiting> _waiting = [];
    private readonly Dictionary<TrackId, Copy> _copies = [];
    // How many copies more may go out without waiting for others to spread theirs; null: none has come yet.
    private long? _quickCopies;

    /// <summary>When <see cref="Plan"/> should be called though nothing happens.</summary>
    public long DueUs { get; private set; } = long.MaxValue;

    /// <summary>A peer asks for a manifest that is here.</summary>
    public void Want(Link link, LinkTrack view, long nowUs)
    {
        if (view.Track.Manifest!.Encoded.Length <= _state.Settings.ManifestForAllBytes)
        {
            Give(link, view);
            return;
        }

        _waiting.RemoveAll(w => w.Of == view);
        _waiting.Add(new Waiting(link, view));
        Plan(nowUs);
    }

    /// <summary>A peer says that it has a manifest.</summary>
    public void OnHolder(LinkTrack view, long nowUs)
    {
        _waiting.RemoveAll(w => w.Of == view);
        if (view.ManifestGivenUs is not { } givenUs || !_copies.TryGetValue(view.Track.Id, out var copy))
            return;
        view.ManifestGivenUs = null;
        var tookUs = nowUs - givenUs;
        if (view.Track.IsStriped)
            _state.Uplink.Suspect(view.Track.Manifest!.Encoded.Length, tookUs);
        _quickCopies ??= _state.Settings.ManifestQuickUs / Math.Max(1, tookUs);
        var untilUs = nowUs + SpreadUs(view.Track, tookUs);
        // Of a copy that went out before the last one, too: a slow uplink has the two under way.
        _copies[view.Track.Id] = copy.Of == view
            ? new Copy(null, copy.IsAcked ? Math.Min(copy.UntilUs, untilUs) : untilUs, QuickUs: copy.QuickUs ?? QuickUs(tookUs, nowUs))
            : copy with { UntilUs = Math.Max(copy.UntilUs, untilUs) };
    }

    /// <summary>The other side's system has acknowledged a manifest: that says how quick the way is, whatever its peer has to do before it answers.</summary>
    /// <returns>Whether that was news.</returns>
    public bool OnArrived(LinkTrack view, long nowUs)
    {
        if (view.ManifestGivenUs is not { } givenUs || !_copies.TryGetValue(view.Track.Id, out var copy) || copy.Of != view || copy.IsAcked)
            return false;
        var tookUs = nowUs - givenUs;
        if (view.Track.IsStriped)
            _state.Uplink.Suspect(view.Track.Manifest!.Encoded.Length, tookUs);
        var untilUs = nowUs + Math.Max(_state.Settings.ManifestTurnUs, SpreadUs(view.Track, tookUs));
        _copies[view.Track.Id] = new Copy(view, Math.Min(copy.UntilUs, untilUs), IsAcked: true, QuickUs(tookUs, nowUs));
        return true;
    }

    // What it still has to say to everyone else is worth more to the room than copies that others give sooner.
    private long SpreadUs(Track track, long tookUs) =>
        track.IsStriped || (!track.IsRunning && tookUs > _state.Settings.ManifestSlowUs)
            ? Math.Min(_state.Settings.ManifestSpreadUs, _state.Settings.ManifestSpreadCopies * tookUs) : 0;

    /// <summary>A link takes part in a track no longer.</summary>
    public void OnGone(LinkTrack view)
    {
        _waiting.RemoveAll(w => w.Of == view);
        if (_copies.TryGetValue(view.Track.Id, out var copy) && copy.Of == view)
            _copies.Remove(view.Track.Id);
    }

    /// <summary>Gives out what has waited for long enough.</summary>
    public void Plan(long nowUs)
    {
        DueUs = long.MaxValue;
        for (var i = 0; i < _waiting.Count;)
        {
            var (link, view) = _waiting[i];
            if (_quickCopies is null or 0 && _copies.TryGetValue(view.Track.Id, out var copy)
                && Math.Min(copy.UntilUs, IdleUntilUs(view.Track, copy)) is var untilUs && nowUs < untilUs)
            {
                DueUs = Math.Min(DueUs, untilUs);
                i++;
                continue;
            }

            _waiting.RemoveAt(i);
            if (_quickCopies > 0)
                _quickCopies--;
            _copies[view.Track.Id] = new Copy(view, nowUs + CopyUs(view.Track));
            view.ManifestGivenUs = nowUs;
            Give(link, view);
        }
    }

    // A host that stands still until the first has answered, or has relayed it, never gets that time back.
    private long IdleUntilUs(Track track, Copy copy) =>
        track is { IsStriped: true, IsRunning: false } && copy.QuickUs is { } comeUs && _state.Links.Values.All(link => link is { Pipe.Count: 0, Wishes.Count: 0 })
            ? Math.Max(comeUs, _state.Uplink.LastArrivalUs) + _state.Settings.ManifestIdleUs : long.MaxValue;

    private long? QuickUs(long tookUs, long nowUs) => tookUs <= _state.Settings.ManifestFairUs ? nowUs : null;

    private long CopyUs(Track track) => track switch
    {
        { IsStriped: true } => _state.Settings.ManifestCopyUs,
        { IsRunning: true } => _state.Settings.ManifestPlayingRelayUs,
        _ => _state.Settings.ManifestRelayUs,
    };

    private void Give(Link link, LinkTrack view) => _state.Send(link, new ManifestFrame(view.Track.Slot, view.Track.Manifest!.Encoded));

    private readonly record struct Waiting(Link Link, LinkTrack Of);

    // Of: who has not said yet that it has come. Until: when the next may be given out, though there is something else to send. Quick: when
    // it came, where that took next to no time.
    private readonly record struct Copy(LinkTrack? Of, long UntilUs, bool IsAcked = false, long? QuickUs = null);
}
