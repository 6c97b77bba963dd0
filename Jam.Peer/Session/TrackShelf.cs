using System.Collections.Concurrent;
using System.Threading.Channels;
using Jam.Peer.Network;
using Jam.Peer.Playback;
using Jam.Peer.Storage;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>One track as this peer holds it.</summary>
internal sealed record ShelfEntry(TrackInfo Info, TrackStorage? Storage, string? SavedAs);

/// <summary>
/// The tracks of the room as this peer holds them: what it seeds, what it fetches, what it saves. Files are opened and hashed
/// on a loop of their own, so that neither the swarm nor the room waits for a disk.
/// </summary>
internal sealed class TrackShelf : IAsyncDisposable
{
    private readonly TrackCache? _cache;
    private readonly string? _saveFolder;
    private readonly Action<string> _notice;
    private readonly ConcurrentDictionary<TrackId, ShelfEntry> _entries = new();
    // Under way; what failed may be tried again.
    private readonly ConcurrentDictionary<TrackId, bool> _opening = new();
    // Full mode: wait; there are never more jobs than tracks, times two.
    private readonly Channel<Job> _jobs = Channel.CreateBounded<Job>(2 * Limits.MaxQueueLength + 16);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private SwarmLoop? _swarm;
    private bool _saidUnkept;

    /// <param name="cache">Null where there is none: tracks are kept in memory.</param>
    /// <param name="saveFolder">Where finished tracks go; null: nowhere.</param>
    /// <param name="notice">Tells people.</param>
    public TrackShelf(TrackCache? cache, string? saveFolder, Action<string> notice)
    {
        _cache = cache;
        _saveFolder = saveFolder;
        _notice = notice;
        _loop = Task.Run(() => RunAsync(_stop.Token));
    }

    private abstract record Job;

    private sealed record OpenJob(Manifest Manifest) : Job;

    private sealed record SaveJob(TrackId Track) : Job;

    /// <summary>Raised on the shelf's loop when a track's storage is open.</summary>
    public event Action<TrackInfo>? Opened;

    /// <summary>Faults where the shelf's loop met something that it cannot go on after.</summary>
    public Task Completion => _loop;

    /// <summary>Where opened tracks go.</summary>
    public void Attach(SwarmLoop swarm) => _swarm = swarm;

    /// <summary>What is held of a track; null where it is not on the shelf.</summary>
    public ShelfEntry? Find(string? trackId) => TrackId.TryParse(trackId, out var id) ? _entries.GetValueOrDefault(id) : null;

    /// <summary>The tracks that this peer seeds or fetches.</summary>
    public IEnumerable<ShelfEntry> All => _entries.Values;

    /// <summary>Adds a complete track that this peer seeds.</summary>
    public async Task AddSeedAsync(TrackInfo info, TrackStorage storage, CancellationToken cancellationToken)
    {
        if (!_entries.TryAdd(storage.Manifest.Id, new ShelfEntry(info, storage, null)))
        {
            storage.Dispose();
            return;
        }

        await _swarm!.PostAsync(new WantEvent(storage.Manifest.Id, 0), cancellationToken);
        await _swarm.PostAsync(new OpenEvent(storage, Striped: true), cancellationToken);
        Opened?.Invoke(info);
    }

    /// <summary>The room has a track: it is fetched, lower priorities first.</summary>
    public async Task WantAsync(TrackInfo info, int priority, CancellationToken cancellationToken)
    {
        if (!TrackId.TryParse(info.TrackId, out var id))
            return;
        var entry = _entries.GetOrAdd(id, new ShelfEntry(info, null, null));
        await _swarm!.PostAsync(new WantEvent(id, priority), cancellationToken);
        if (entry.Storage is null && _cache?.FindManifest(id) is { } manifest)
            Open(manifest);
    }

    /// <summary>A manifest is known: its storage is to be opened. Does not wait.</summary>
    public void Open(Manifest manifest)
    {
        if (_entries.TryGetValue(manifest.Id, out var entry) && entry.Storage is null && _opening.TryAdd(manifest.Id, true))
            _jobs.Writer.TryWrite(new OpenJob(manifest));
    }

    /// <summary>Every chunk of a track is here. Does not wait.</summary>
    public void OnCompleted(TrackId track)
    {
        if (_saveFolder is not null)
            _jobs.Writer.TryWrite(new SaveJob(track));
    }

    /// <summary>Bytes of a track for a decoder; null until its storage is open.</summary>
    public Func<ITrackReader>? ReaderOf(string? trackId)
    {
        if (Find(trackId) is not { Storage: { } storage } || _swarm is not { } swarm)
            return null;
        var id = storage.Manifest.Id;
        return () => new TrackReader(storage, chunk => swarm.TryPost(new AwaitEvent(id, chunk)));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // What is complete is saved before the shelf goes, however soon that is.
        _jobs.Writer.Complete();
        _stop.CancelAfter(TimeSpan.FromSeconds(10));
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var job in _jobs.Reader.ReadAllAsync(cancellationToken))
        {
            try
            {
                switch (job)
                {
                    case OpenJob open:
                        try
                        {
                            await OpenAsync(open.Manifest, cancellationToken);
                        }
                        finally
                        {
                            _opening.TryRemove(open.Manifest.Id, out _);
                        }

                        break;
                    case SaveJob save:
                        Save(save.Track, cancellationToken);
                        break;
                    default:
                        throw new NotSupportedException(job.GetType().Name);
                }
            }
            catch (Exception problem) when (problem is JamException or IOException or UnauthorizedAccessException)
            {
                _notice(problem.Message);
            }
        }
    }

    private async Task OpenAsync(Manifest manifest, CancellationToken cancellationToken)
    {
        var storage = OpenStorage(manifest, cancellationToken);
        var entry = _entries[manifest.Id];
        // The room said how long the track is; what its id stands for is what counts.
        var info = entry.Info with { LengthBytes = manifest.LengthBytes, ChunkSizeBytes = manifest.ChunkSizeBytes };
        _entries[manifest.Id] = entry with { Info = info, Storage = storage };
        await _swarm!.PostAsync(new OpenEvent(storage, Striped: false), cancellationToken);
        Opened?.Invoke(info);
        if (storage.IsComplete)
            OnCompleted(manifest.Id);
    }

    // Said once: whatever the disk's trouble is, it is the same for every track.
    private TrackStorage OpenStorage(Manifest manifest, CancellationToken cancellationToken)
    {
        try
        {
            if (_cache is not null)
                return _cache.Open(manifest, cancellationToken);
        }
        catch (JamException problem)
        {
            if (!_saidUnkept)
                _notice($"{problem.Message}. The track is kept in memory, and plays all the same");
            _saidUnkept = true;
        }

        return new InMemoryStorage(manifest);
    }

    private void Save(TrackId track, CancellationToken cancellationToken)
    {
        if (!_entries.TryGetValue(track, out var entry) || entry.Storage is not { } storage || entry.SavedAs is not null)
            return;
        var path = TrackSaver.Save(storage, _saveFolder!, entry.Info.Name, cancellationToken);
        _entries[track] = entry with { SavedAs = path };
        _notice($"saved {path}");
    }
}
