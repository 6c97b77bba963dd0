using Jam.Peer.Wire;

namespace Jam.Peer.Swarm;

/// <summary>Fetches the manifests of tracks that are wanted: of one holder at a time, of another where that one does not answer.</summary>
internal static class ManifestAsker
{
    /// <summary>Asks where no one was asked who may still answer.</summary>
    public static void Ask(SwarmState state, Track track, long nowUs)
    {
        if (track.IsManifestHere || (track.ManifestAskedUs is { } asked && nowUs < asked + state.Settings.ManifestTimeoutUs))
            return;
        Link? best = null;
        foreach (var link in state.Links.Values)
        {
            if (!link.Tracks.TryGetValue(track.Id, out var view) || view.RemoteFlags is not { } flags || !flags.HasFlag(TrackFlags.HasManifest))
                continue;
            // Whoever let the last one lapse is asked again only where there is no other.
            if (best is null || (best.Id == track.ManifestAskedOf && track.ManifestAskedUs is not null))
                best = link;
        }

        if (best is null)
        {
            track.ManifestAskedUs = null;
            return;
        }

        track.ManifestAskedUs = nowUs;
        track.ManifestAskedOf = best.Id;
        SwarmState.On(best, track).ManifestAsked = true;
        state.Send(best, new WantManifestFrame(track.Slot));
    }
}
