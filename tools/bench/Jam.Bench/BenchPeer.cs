using System.Collections.Concurrent;
using System.Net;
using Jam.Peer.Network;
using Jam.Peer.Storage;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Bench;

/// <summary>A peer without a room around it: the program's own listener, connections, swarm and storage.</summary>
internal sealed class BenchPeer : ISwarmOwner, IAsyncDisposable
{
    public const string Room = "bench";
    public static readonly byte[] Secret = new byte[32];

    private readonly TrackCache? _cache;
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<string> _problems = new();

    /// <param name="id">Its id in the room.</param>
    /// <param name="cacheFolder">Where it keeps what it gets; null where it gets nothing.</param>
    /// <param name="encrypts">Whether its links speak TLS.</param>
    public BenchPeer(string id, string? cacheFolder, bool encrypts = false)
    {
        Id = id;
        _cache = cacheFolder is null ? null : new TrackCache(cacheFolder);
        Loop = new SwarmLoop(new SwarmSettings(), this, TimeProvider.System);
        Mesh = new Mesh(Loop, 0, TimeProvider.System, _problems.Enqueue)
        {
            Identity = new PeerIdentity(id, Room, Secret),
            Location = new RoomLocation(Room, [new Uri($"ws://127.0.0.1:8000/ws/{Room}")]),
        };
        if (encrypts)
            (Mesh.Guard.Key, Mesh.Guard.IsRequired) = (LinkKey.Create(TimeProvider.System.GetUtcNow()), true);
    }

    public string Id { get; }

    public SwarmLoop Loop { get; }

    public Mesh Mesh { get; }

    /// <summary>Whether the last chunk of the track is here; faults where the transfer cannot go on.</summary>
    public Task Completed => _completed.Task;

    public async Task SeedAsync(SeedStorage storage, CancellationToken cancellationToken)
    {
        await Loop.PostAsync(new WantEvent(storage.Manifest.Id, 0), cancellationToken);
        await Loop.PostAsync(new OpenEvent(storage, Striped: true), cancellationToken);
    }

    public Task DialAsync(BenchPeer other, bool isHost, CancellationToken cancellationToken)
    {
        var address = new IPEndPoint(IPAddress.Loopback, other.Mesh.Port);
        other.Mesh.Guard.Vouch(Id, Mesh.Guard.Key?.Fingerprint);
        Mesh.SetMember(
            new Member(other.Id, other.Id, isHost ? Role.Host : Role.Viewer, 1, [address.ToString()], LinkKey: other.Mesh.Guard.Key?.Fingerprint), dialNow: false);
        return Mesh.DialAsync([address], cancellationToken);
    }

    public void OnManifest(Manifest manifest) =>
        Loop.TryPost(new OpenEvent(_cache!.Open(manifest, CancellationToken.None), Striped: false));

    public void OnCompleted(TrackId track) => _completed.TrySetResult();

    public void OnDropped(PeerConnection connection, string why, bool ban) => Fail($"{connection.PeerId} was cut off: {why}");

    public void OnStorageProblem(TrackId track, string problem) => Fail(problem);

    public async ValueTask DisposeAsync()
    {
        await Mesh.DisposeAsync();
        await Loop.DisposeAsync();
        if (Mesh.Guard.Key is { } key)
            await key.DisposeAsync();
    }

    private void Fail(string why) => _completed.TrySetException(new InvalidOperationException($"{Id}: {why}"));
}
