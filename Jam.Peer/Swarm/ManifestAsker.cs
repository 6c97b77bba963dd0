using Jam.Peer.Wire;

namespace Jam.Peer.Swarm;

/// <summary>
/// Fetches the manifests of tracks that are wanted: of a striping host only while no one else has it, and of another where the one that
/// was asked does not answer soon. Whoever has many to serve lets them wait (<see cref="ManifestDesk"/>), and by then others have it too.
/// </summary>
internal static class ManifestAsker
{
    /// <summary>Asks where no one was asked who may still answer.</summary>
    public static void Ask(SwarmState state, Track track, long nowUs)
    {
        if (track.IsManifestHere)
            return;
        var isWaiting = track.ManifestAskedUs is { } asked && nowUs < asked + state.Settings.ManifestTimeoutUs;
        var isPatient = isWaiting && nowUs < track.ManifestAskedUs + state.Settings.ManifestPatienceUs
            && (!state.Links.TryGetValue(track.ManifestAskedOf, out var last) || !SwarmState.On(last, track).IsStriper);
        if (isPatient)
            return;
        (Link Link, LinkTrack View)? best = null;
        var least = (IsAsked: true, IsStriper: true, Turn: uint.MaxValue);
        foreach (var link in state.Links.Values)
        {
            if (link.ViewOf(track) is not { } view || !view.HasManifest || (isWaiting && (view.IsStriper || view.ManifestAsked)))
                continue;
            // Everyone numbers links in another way, so that not all choose the same.
            var cost = (view.ManifestAsked && link.Id == track.ManifestAskedOf, view.IsStriper, unchecked((uint)link.Id.Value * 2_654_435_761));
            if (best is null || cost.CompareTo(least) < 0)
                (best, least) = ((link, view), cost);
        }

        if (best is not var (holder, of))
        {
            if (!isWaiting)
                track.ManifestAskedUs = null;
            return;
        }

        track.ManifestAskedUs = nowUs;
        track.ManifestAskedOf = holder.Id;
        of.ManifestAsked = true;
        state.Send(holder, new WantManifestFrame(track.Slot));
    }

    /// <summary>When <see cref="Ask"/> should be called though nothing happens.</summary>
    public static long DueUs(SwarmState state, Track track, long nowUs)
    {
        if (track is not { Manifest: null, IsManifestHere: false, ManifestAskedUs: { } asked })
            return long.MaxValue;
        var patientUntilUs = asked + state.Settings.ManifestPatienceUs;
        return nowUs < patientUntilUs ? patientUntilUs : asked + state.Settings.ManifestTimeoutUs;
    }
}
