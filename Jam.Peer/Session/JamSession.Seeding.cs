using Jam.Peer.Storage;
using Jam.Server.Contracts;
using Jam.Server.Hosting;

namespace Jam.Peer.Session;

/// <summary>What it seeds, and where it keeps tracks.</summary>
internal sealed partial class JamSession
{
    private Action<int> Progress(string name, long bytes) => new HashProgress(name, bytes, _time, Notice).Add;

    // A host's server starts meanwhile, and lets nobody in before its host is there: a room that is to be locked is not open until then.
    private async Task<List<Seed>> LoadSeedsAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var loading = Task.Run(() => SeedLoader.LoadAll(_options, Progress, either.Token), either.Token);
        if (_options is not { Server: null, Connect.Count: 0, Listener: ListenerKind.Kestrel })
            return await loading;
        _server.IsOpen = false;
        var opening = _server.StartAsync(either.Token);
        try
        {
            // Who has no port need not hash for minutes first.
            if (await Task.WhenAny(loading, opening) is { IsCompletedSuccessfully: false })
                await either.CancelAsync();
            await Task.WhenAll(loading, opening);
            return await loading;
        }
        catch
        {
            if (loading.IsCompletedSuccessfully)
                (await loading).ForEach(seed => seed.Storage.Dispose());
            throw;
        }
    }

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
