using Jam.Peer.Storage;

namespace Jam.Bench;

/// <summary>A host with a file and viewers that want it, everyone connected to everyone, over loopback.</summary>
internal sealed class SwarmTransfer : IAsyncDisposable
{
    private readonly List<BenchPeer> _peers = [];
    private readonly SeedStorage _storage;
    private readonly string _folder;

    private SwarmTransfer(SeedStorage storage, string folder) => (_storage, _folder) = (storage, folder);

    /// <summary>Connects them; the viewers want the track already, the host does not have it yet.</summary>
    public static async Task<SwarmTransfer> ConnectAsync(string path, int viewers, string folder, bool encrypts, CancellationToken cancellationToken)
    {
        var storage = SeedStorage.Open(path, cancellationToken);
        var swarm = new SwarmTransfer(storage, Directory.CreateDirectory(Path.Combine(folder, Path.GetRandomFileName())).FullName);
        for (var i = 0; i <= viewers; i++)
        {
            var peer = new BenchPeer(i == 0 ? "host" : $"viewer {i}", i == 0 ? null : Path.Combine(swarm._folder, $"{i}"), encrypts);
            for (var earlier = 0; earlier < i; earlier++)
                await peer.DialAsync(swarm._peers[earlier], isHost: earlier == 0, cancellationToken);
            if (i > 0)
                await peer.Loop.PostAsync(new Jam.Peer.Network.WantEvent(storage.Manifest.Id, 0), cancellationToken);
            swarm._peers.Add(peer);
        }

        return swarm;
    }

    /// <summary>What the viewers have, of all of them together; a tenth of a second old at the most.</summary>
    public long HereBytes => _peers.Sum(p => p.Loop.Snapshot.Totals.UsefulBytes);

    /// <inheritdoc/>
    public override string ToString() => "SwarmJam, "
        + string.Join(", ", _peers.Skip(1).Select(p => $"{p.Id} has {p.Loop.Snapshot.Tracks.Values.Sum(t => t.ChunksHave)}"))
        + $" of {_storage.Manifest.ChunkCount} chunks";

    /// <summary>From the host's seeding to the last viewer's last chunk.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await _peers[0].SeedAsync(_storage, cancellationToken);
        await Task.WhenAll(_peers.Skip(1).Select(p => p.Completed)).WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var peer in _peers)
            await peer.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
