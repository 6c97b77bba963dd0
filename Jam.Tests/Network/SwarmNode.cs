using System.Collections.Concurrent;
using System.Net;
using Jam.Peer.Network;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Server.Contracts;
using Jam.Tests.Storage;

namespace Jam.Tests.Network;

/// <summary>A peer without a room around it: the real listener, connections and swarm, with tracks in memory.</summary>
internal sealed class SwarmNode : ISwarmOwner, IAsyncDisposable
{
    public static readonly byte[] Secret = [.. Enumerable.Range(0, 32).Select(i => (byte)(i * 7))];

    private readonly ConcurrentDictionary<TrackId, MemoryStorage> _storages = new();
    private readonly ConcurrentDictionary<TrackId, TaskCompletionSource> _completed = new();

    public SwarmNode(string id, TimeProvider? time = null, SwarmSettings? settings = null, byte[]? secret = null, string room = "jam",
        Mesh.Connect? connect = null)
    {
        Id = id;
        Loop = new SwarmLoop(settings ?? new SwarmSettings(), this, time ?? TimeProvider.System);
        Mesh = new Mesh(Loop, 0, time ?? TimeProvider.System, Notices.Enqueue, connect: connect)
        {
            Identity = new PeerIdentity(id, room, secret ?? Secret),
            Location = new RoomLocation(room, [new Uri($"ws://127.0.0.1:8000/ws/{room}")]),
        };
    }

    public string Id { get; }

    public SwarmLoop Loop { get; }

    public Mesh Mesh { get; }

    public ConcurrentQueue<string> Notices { get; } = new();

    /// <summary>Who was cut off, why, and whether for good.</summary>
    public ConcurrentQueue<(string PeerId, string Why, bool Ban)> Drops { get; } = new();

    public IPEndPoint Address => new(IPAddress.Loopback, Mesh.Port);

    public int Links => Loop.Snapshot.Links.Count;

    public MemoryStorage? StorageOf(TestTrack track) => _storages.GetValueOrDefault(track.Id);

    public async Task SeedAsync(TestTrack track, CancellationToken cancellationToken, bool striped = false)
    {
        await Loop.PostAsync(new WantEvent(track.Id, 0), cancellationToken);
        await Loop.PostAsync(new OpenEvent(_storages[track.Id] = MemoryStorage.Full(track), striped), cancellationToken);
    }

    public ValueTask WantAsync(TestTrack track, CancellationToken cancellationToken) =>
        Loop.PostAsync(new WantEvent(track.Id, 0), cancellationToken);

    public Task CompletedAsync(TestTrack track, CancellationToken cancellationToken) => CompletionOf(track.Id).Task.WaitAsync(cancellationToken);

    public Task<PeerConnection> DialAsync(SwarmNode other, CancellationToken cancellationToken) => Mesh.DialAsync([other.Address], cancellationToken);

    /// <summary>The room says that someone is there.</summary>
    public void SetMember(string id, IPEndPoint address, Role role = Role.Viewer, bool dialNow = true) =>
        Mesh.SetMember(new Member(id, id, role, 1, [address.ToString()]), dialNow);

    public void OnManifest(Manifest manifest) =>
        Loop.TryPost(new OpenEvent(_storages.GetOrAdd(manifest.Id, _ => new MemoryStorage(manifest)), false));

    public void OnCompleted(TrackId track) => CompletionOf(track).TrySetResult();

    public void OnDropped(PeerConnection connection, string why, bool ban)
    {
        if (ban)
            Mesh.Ban(connection);
        Drops.Enqueue((connection.PeerId, why, ban));
    }

    public void OnStorageProblem(TrackId track, string problem) => Notices.Enqueue(problem);

    public async ValueTask DisposeAsync()
    {
        await Mesh.DisposeAsync();
        await Loop.DisposeAsync();
    }

    private TaskCompletionSource CompletionOf(TrackId track) =>
        _completed.GetOrAdd(track, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
