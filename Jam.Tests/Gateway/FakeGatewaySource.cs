using System.Collections.Concurrent;
using Jam.Peer.Gateway;
using Jam.Peer.Storage;
using Jam.Peer.Wire;

namespace Jam.Tests.Gateway;

/// <summary>One track, and a note of everything that the gateway asked for.</summary>
internal sealed class FakeGatewaySource(TrackId track, TrackStorage? storage) : IGatewaySource
{
    private long _spent;

    public ConcurrentQueue<int> Awaited { get; } = new();

    public Action<int>? OnAwait { get; init; }

    public long Spent => Interlocked.Read(ref _spent);

    public Uri? Server { get; init; }

    public bool IsPressed { get; set; }

    public string? AllowedOrigin { get; init; }

    public string? Member { get; init; }

    public Dictionary<GatewayPart, GatewayBlob> Blobs { get; } = [];

    public double BytesPerSecond { get; init; } = 40_000;

    public IReadOnlyList<TrackId> Tracks => [track];

    public GatewayTrack? Find(TrackId wanted) => wanted == track ? new GatewayTrack(storage, "audio/mpeg", BytesPerSecond) : null;

    public GatewayBlob? Find(TrackId wanted, GatewayPart part) => wanted == track ? Blobs.GetValueOrDefault(part) : null;

    public bool Allows(string origin) => origin == AllowedOrigin;

    public void Await(TrackId wanted, int chunk)
    {
        Awaited.Enqueue(chunk);
        OnAwait?.Invoke(chunk);
    }

    public void Spend(int bytes) => Interlocked.Add(ref _spent, bytes);

    public bool IsMember(string peerId) => peerId == Member;
}
