using System.Security.Cryptography;
using System.Text;
using Jam.Peer.Audio;
using Jam.Peer.Audio.Tags;
using Jam.Peer.Gateway;
using Jam.Peer.Network;
using Jam.Peer.Playback;
using Jam.Peer.Session.Extras;
using Jam.Peer.Storage;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>What the gateway serves: the room's track and the next one, as far as this peer has them.</summary>
/// <param name="room">The room as it is known now.</param>
/// <param name="server">Where its server is, as this peer reaches it; null while it does not.</param>
/// <param name="servers">Where its server stood since this peer came, that one included.</param>
/// <param name="shelf">The tracks.</param>
/// <param name="extras">What travels beside them.</param>
/// <param name="swarm">Who fetches them.</param>
internal sealed class GatewaySource(
    Func<RoomState> room, Func<Uri?> server, Func<IEnumerable<Uri>> servers, TrackShelf shelf, ExtrasShelf extras, SwarmLoop swarm) : IGatewaySource
{
    /// <summary>Where it is not known how long a track plays.</summary>
    private const double AssumedBytesPerSecond = 40_000;

    /// <inheritdoc/>
    public IReadOnlyList<TrackId> Tracks => [.. Served().Select(track => TrackId.TryParse(track.TrackId, out var id) ? id : default)];

    /// <inheritdoc/>
    public Uri? Server => server();

    /// <inheritdoc/>
    public bool IsPressed => swarm.Snapshot.HasUrgentUploads;

    /// <inheritdoc/>
    public GatewayTrack? Find(TrackId track)
    {
        if (InfoOf(track) is not { } info)
            return null;
        var storage = shelf.Find(info.TrackId)?.Storage;
        var rate = info.DurationUs is > 0 and var us ? info.LengthBytes * 1e6 / us : AssumedBytesPerSecond;
        return new GatewayTrack(storage, storage is null ? Unknown : TypeOf(storage), rate);
    }

    /// <inheritdoc/>
    public GatewayBlob? Find(TrackId track, GatewayPart part)
    {
        if (InfoOf(track) is not { } info)
            return null;
        var known = extras.Of(info);
        return part switch
        {
            GatewayPart.Index when known.Index is { } index => new GatewayBlob(index.ToBytes(), Unknown),
            GatewayPart.Tags when known.Tags is { } tags => new GatewayBlob(tags.ToBytes(), "application/json"),
            GatewayPart.Cover when known.Cover is { } cover => new GatewayBlob(cover, "image/" + Picture.TypeOf(cover)!.ToLowerInvariant()),
            GatewayPart.Manifest when shelf.Find(info.TrackId)?.Storage is { } storage => new GatewayBlob(storage.Manifest.Encoded, Unknown),
            _ => null,
        };
    }

    /// <inheritdoc/>
    public bool Allows(string origin) => GatewayOrigins.Allows(origin, servers(), LocalAddresses.All());

    /// <inheritdoc/>
    public void Await(TrackId track, int chunk) => swarm.TryPost(new AwaitEvent(track, chunk));

    /// <inheritdoc/>
    public void Spend(int bytes) => swarm.TryPost(new SpentEvent(bytes));

    /// <inheritdoc/>
    public bool Admits(string? pass) => room() is not { Door.IsLocked: true, Secret: var secret }
        || (secret is not null && pass is not null && CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(pass), Encoding.UTF8.GetBytes(DoorState.PassOf(Convert.ToBase64String(secret)))));

    /// <inheritdoc/>
    public bool IsMember(string peerId) => room().Others.ContainsKey(peerId);

    private const string Unknown = "application/octet-stream";

    private TrackInfo? InfoOf(TrackId track)
    {
        var id = track.ToString();
        return Served().FirstOrDefault(info => info.TrackId == id);
    }

    private IEnumerable<TrackInfo> Served()
    {
        var now = room();
        var nextId = UpNext.Of(now);
        var next = now.Queue.FirstOrDefault(track => track.TrackId == nextId);
        return new[] { now.Track, now.TrackBefore, next }.OfType<TrackInfo>().Where(track => track.Kind == TrackKind.Audio).DistinctBy(track => track.TrackId);
    }

    private static string TypeOf(TrackStorage storage)
    {
        try
        {
            return TrackFormat.Of(new HeadReader(storage), CancellationToken.None).Container switch
            {
                Container.Wav => "audio/wav",
                Container.Aiff => "audio/aiff",
                Container.Flac => "audio/flac",
                Container.Ogg => "audio/ogg",
                Container.Mp4 => "audio/mp4",
                Container.Mpeg => "audio/mpeg",
                _ => Unknown,
            };
        }
        catch (IOException)
        {
            return Unknown;
        }
    }

    /// <summary>Reads what is here and waits for nothing.</summary>
    private sealed class HeadReader(TrackStorage storage) : ITrackReader
    {
        public long LengthBytes => storage.Manifest.LengthBytes;

        public int Read(long offset, Span<byte> buffer, CancellationToken cancellationToken)
        {
            var chunk = (int)(offset / storage.Manifest.ChunkSizeBytes);
            return offset < LengthBytes && storage.Has(chunk) ? storage.Read(chunk, (int)(offset % storage.Manifest.ChunkSizeBytes), buffer) : 0;
        }
    }
}
