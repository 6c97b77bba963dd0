using Jam.Peer.Swarm;
using Jam.Peer.Wire;

namespace Jam.Peer.Storage;

/// <summary>
/// The chunks of one track. Only what matched its hash gets in, so whatever is read is good. Safe for any thread: the
/// swarm's loop writes, connections and decoders read.
/// </summary>
internal abstract class TrackStorage : IDisposable
{
    private readonly object _gate = new();
    private readonly Bitfield _have;
    private readonly List<(int Chunk, TaskCompletionSource Here)> _awaited = [];

    /// <summary>With what is here already.</summary>
    protected TrackStorage(Manifest manifest, Bitfield have)
    {
        Manifest = manifest;
        _have = have;
        CachedChunks = have.Count;
    }

    /// <summary>What the track is made of.</summary>
    public Manifest Manifest { get; }

    /// <summary>How many chunks were here when it was opened.</summary>
    public int CachedChunks { get; }

    /// <summary>Whether every chunk is here.</summary>
    public bool IsComplete
    {
        get
        {
            lock (_gate)
                return _have.IsFull;
        }
    }

    /// <summary>What is here now, a copy.</summary>
    public Bitfield Have()
    {
        lock (_gate)
            return _have.Clone();
    }

    /// <summary>Whether a chunk is here.</summary>
    public bool Has(int chunk)
    {
        lock (_gate)
            return _have[chunk];
    }

    /// <summary>Keeps a chunk that was checked against the manifest.</summary>
    /// <returns>Null, or why it could not be written to disk; it is kept in memory then.</returns>
    public string? Write(int chunk, ReadOnlySpan<byte> payload)
    {
        var problem = Store(chunk, payload);
        lock (_gate)
        {
            _have.Set(chunk);
            foreach (var (awaited, here) in _awaited)
            {
                if (awaited == chunk)
                    here.TrySetResult();
            }

            Monitor.PulseAll(_gate);
        }

        return problem;
    }

    /// <summary>Reads bytes of one chunk that is here.</summary>
    /// <param name="chunk">Its index.</param>
    /// <param name="offset">First byte within the chunk.</param>
    /// <param name="buffer">Filled as far as the chunk goes.</param>
    /// <returns>How many bytes were read.</returns>
    /// <exception cref="IOException">It cannot be read, or is no longer what it was.</exception>
    public abstract int Read(int chunk, int offset, Span<byte> buffer);

    /// <summary>Blocks until a chunk is here; for a decoder's own thread.</summary>
    public void WaitFor(int chunk, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.Register(() =>
        {
            lock (_gate)
                Monitor.PulseAll(_gate);
        });
        lock (_gate)
        {
            while (!_have[chunk])
            {
                cancellationToken.ThrowIfCancellationRequested();
                Monitor.Wait(_gate);
            }
        }
    }

    /// <summary>Ends once a chunk is here.</summary>
    public async Task WaitForAsync(int chunk, CancellationToken cancellationToken)
    {
        var awaited = (Chunk: chunk, Here: new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        lock (_gate)
        {
            if (_have[chunk])
                return;
            _awaited.Add(awaited);
        }

        try
        {
            await awaited.Here.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            lock (_gate)
                _awaited.Remove(awaited);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Puts a chunk where <see cref="Read"/> finds it.</summary>
    /// <returns>Null, or why it is not on disk.</returns>
    protected abstract string? Store(int chunk, ReadOnlySpan<byte> payload);

    /// <summary>Closes files.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }
}
