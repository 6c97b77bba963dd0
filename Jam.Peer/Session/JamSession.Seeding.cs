using Jam.Peer.Storage;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>What it seeds, and where it keeps tracks.</summary>
internal sealed partial class JamSession
{
    private Action<int> Progress(string name, long bytes) => new HashProgress(name, bytes, _time, Notice).Add;

    // A cache that cannot be written costs the next run, not this one.
    private TrackCache? OpenCache()
    {
        try
        {
            return new TrackCache(_options.CacheFolder ?? TrackCache.DefaultFolder(), _options.CacheLimitBytes, _time);
        }
        catch (JamException problem)
        {
            Notice($"{problem.Message}. Tracks are kept in memory until then");
            return null;
        }
    }

    private async Task<TrackInfo> AddSeedAsync(Seed seed, CancellationToken cancellationToken)
    {
        if (seed.Probe is { DamagedUs: > 0 and var damagedUs, DamagedAtUs: var atUs })
        {
            Notice(FormattableString.Invariant(
                $"{seed.Info.Name} is damaged: {damagedUs / 1e6:0.00} s of it, from {Describe.Position(atUs)} on, cannot be decoded and will be silent"));
        }

        var info = seed.Probe is { } probe ? await _extras.AddSeedAsync(seed.Info, probe, _swarm, cancellationToken) : seed.Info;
        await _shelf.AddSeedAsync(info, seed.Storage, cancellationToken);
        return info;
    }
}
