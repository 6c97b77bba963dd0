using System.Net;
using System.Net.Sockets;
using Jam.Peer.Network;
using Jam.Peer.Session.Extras;
using Jam.Peer.Storage;
using Jam.Peer.Swarm;
using Jam.Peer.Swarm.Blobs;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>
/// Goes once through all that a first track needs, with a track of three chunks between two swarms of this process, while there is nothing
/// else to do. What the runtime prepares when code runs for the first time is prepared then, and not when a whole room waits for the first
/// bytes: in a room of nine on two processors that was a quarter of a second.
/// </summary>
internal static class Rehearsal
{
    private const string Room = "rehearsal";
    private static readonly TestPattern Piece = new(3, Manifest.MinChunkSize);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);

    /// <summary>Waits for the start to be over, and rehearses where the room is known by then and has nothing to fetch: never while something is joined that plays.</summary>
    public static async Task WhenIdleAsync(IJamSession session, TimeProvider time, CancellationToken cancellationToken)
    {
        // On a busy machine a start takes longer than that.
        do
        {
            await Task.Delay(Quiet, time, cancellationToken);
        }
        while (session.Report() is not { ServerConnected: true, PeerId: not null });
        if (session.Report() is { Track: null, Playlist.Count: 0 })
            await RunAsync(time, cancellationToken);
    }

    /// <summary>Runs until everything has arrived; at most two seconds.</summary>
    /// <returns>Whether it arrived; else the first track is the rehearsal.</returns>
    public static async Task<bool> RunAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            using var piece = PatternStorage.Create(Piece, either.Token);
            var tags = new TagsBlob("title", "artist", "album", 1_000_000, -1).ToBytes();
            return Say(piece.Manifest, tags) && await PassAsync(piece, tags, time, either.Token);
        }
        catch (Exception problem) when (problem is SocketException or IOException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
    }

    // What host and authority say when a track is seeded and played, to text and back.
    private static bool Say(Manifest manifest, byte[] tags)
    {
        var id = manifest.Id.ToString();
        var sidecars = new Sidecars(Tags: BlobId.Of(tags).ToString());
        var track = new TrackInfo(id, Room, manifest.LengthBytes, manifest.ChunkSizeBytes, TrackKind.Audio, 1_000_000, sidecars);
        ClientMessage[] asked = [new Queue(QueueActions.Add, track), HostDuties.ToSetTrack(track), new Play(0)];
        ServerMessage[] told =
        [
            new QueueState([track], Repeat.Off, false, null, 1, 1),
            new State(id, PlaybackStatus.Pause, 0, 0, 1, 2, Guid.Empty, 0, 0, track, Room),
            new State(id, PlaybackStatus.Play, 0, 0, 1, 3, Guid.Empty, 0, 0, track, Room),
        ];
        var isHeard = asked.All(message => ControlCodec.ParseClient(ControlCodec.Serialize(message)).Message is not null);
        var room = new RoomState();
        foreach (var message in told)
            room = ControlCodec.ParseServer(ControlCodec.Serialize(message)).Message is { } heard ? room.Apply(heard) : room;
        return isHeard && room.Track?.TrackId == id && UpNext.Of(room) is null && TagsBlob.TryParse(tags) is not null;
    }

    private static async Task<bool> PassAsync(PatternStorage piece, byte[] tags, TimeProvider time, CancellationToken cancellationToken)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        var near = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await using var taker = new Side("taker", near, "giver", time);
        await near.ConnectAsync(listener.LocalEndPoint!, cancellationToken);
        var far = await listener.AcceptAsync(cancellationToken);
        await using var giver = new Side("giver", far, "taker", time);
        // Another program of this machine may have been quicker.
        if (!Equals(far.RemoteEndPoint, near.LocalEndPoint))
            return false;
        var (id, blob) = (piece.Manifest.Id, BlobId.Of(tags));
        await giver.BeginAsync(isHost: false, cancellationToken);
        await taker.BeginAsync(isHost: true, cancellationToken);
        await giver.Loop.PostAsync(new AddBlobEvent(blob, tags), cancellationToken);
        await giver.Loop.PostAsync(new WantEvent(id, 0), cancellationToken);
        await giver.Loop.PostAsync(new OpenEvent(piece, Striped: true), cancellationToken);
        await taker.Loop.PostAsync(new WantBlobsEvent([new BlobWish(blob, TagsBlob.MaxBytes, 0)]), cancellationToken);
        await taker.Loop.PostAsync(new WantEvent(id, 1), cancellationToken);
        await taker.Loop.PostAsync(new PlayheadEvent(id, 0, 0.1, false, time.NowUs()), cancellationToken);
        await taker.Loop.PostAsync(new AwaitEvent(id, 0), cancellationToken);
        await Task.WhenAll(taker.HasTrack.Task, taker.HasBlob.Task).WaitAsync(cancellationToken);
        // Together: a read that meets a socket which is closed already has the runtime look up its stack's lines, for 1.6 MB.
        await Task.WhenAll(giver.HangUpAsync(), taker.HangUpAsync());
        return true;
    }

    private sealed class Side : ISwarmOwner, IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Socket _socket;
        private readonly string _other;
        private readonly TimeProvider _time;
        private Task _run = Task.CompletedTask;

        public Side(string id, Socket socket, string other, TimeProvider time)
        {
            (Id, _socket, _other, _time) = (id, socket, other, time);
            Loop = new SwarmLoop(new SwarmSettings(), this, time);
        }

        public string Id { get; }

        public SwarmLoop Loop { get; }

        public TaskCompletionSource HasTrack { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource HasBlob { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task BeginAsync(bool isHost, CancellationToken cancellationToken)
        {
            var hello = new HelloFrame(FrameCaps.Version, FrameCaps.Blobs | FrameCaps.Exchanges, _other, Room, 0, [], []);
            var connection = new PeerConnection(new LinkId(1), new FrameStream(_socket), hello, outgoing: isHost, Loop, _time);
            await Loop.PostAsync(new LinkUpEvent(connection, isHost), cancellationToken);
            _run = connection.RunAsync(_stop.Token);
        }

        public void OnManifest(Manifest manifest) => Loop.TryPost(new OpenEvent(new InMemoryStorage(manifest), Striped: false));

        public void OnCompleted(TrackId track) => HasTrack.TrySetResult();

        public void OnBlob(BlobId id, byte[] bytes) => HasBlob.TrySetResult();

        public void OnDropped(PeerConnection connection, string why, bool ban) => HasTrack.TrySetException(new IOException(why));

        public void OnStorageProblem(TrackId track, string problem) => HasTrack.TrySetException(new IOException(problem));

        public Task HangUpAsync() => _stop.CancelAsync();

        public async ValueTask DisposeAsync()
        {
            await HangUpAsync();
            await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _socket.Dispose();
            await Loop.DisposeAsync();
            _stop.Dispose();
        }
    }
}
