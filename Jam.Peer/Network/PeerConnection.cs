using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Network;

/// <summary>
/// An authenticated connection: one loop reads, one writes, one keeps watch. Every way out meets in <see cref="RunAsync"/>.
/// Small frames go before chunks; a queue that runs full ends the connection, since waiting for it could stop everyone.
/// </summary>
internal sealed partial class PeerConnection : ISentChunks, IAsyncDisposable
{
    /// <summary>What a peer says that leaves in good order.</summary>
    public const string Farewell = "this peer leaves";

    /// <summary>What a peer says whose user wants no connection to this one; neither side dials again of itself.</summary>
    public const string LeftOnRequest = "it left on request";

    private const int MaxQueuedFrames = 16_384;
    private const int FlushBytes = 32 * 1024;

    private readonly FrameStream _stream;
    private readonly IConnectionEvents _events;
    private readonly TimeProvider _time;
    // Not disposed, as it holds nothing but memory: the swarm's loop may close a connection that is over already.
    private readonly CancellationTokenSource _stop = new();
    private readonly LockedQueue<Frame> _frames = new();
    private readonly LockedQueue<SendChunk> _chunks = new();
    private readonly LockedQueue<Func<Frame>> _last = new();
    private readonly LockedQueue<(long EndsAt, int Bytes, SendChunk Chunk)> _unacked = new();
    private readonly Func<PeerConnection, Frame, bool>? _aside;
    private readonly WorkSignal _work = new();
    private readonly Dictionary<ushort, TrackId> _remoteSlots = [];
    private readonly FrameBudget _budget;
    private readonly LinkWatch _watch;
    private int _queued;
    // Bytes of manifests that are queued.
    private int _unwritten;
    private bool _hasSent;
    private string? _why;

    public PeerConnection(LinkId id, FrameStream stream, HelloFrame remote, bool outgoing, IConnectionEvents events, TimeProvider time,
        Func<PeerConnection, Frame, bool>? aside = null)
    {
        (_stream, _events, _time, _aside) = (stream, events, time, aside);
        Id = id;
        PeerId = remote.PeerId;
        Outgoing = outgoing;
        KnowsBlobs = (remote.Capabilities & FrameCaps.Blobs) != 0;
        KnowsMoves = (remote.Capabilities & FrameCaps.Moves) != 0;
        Exchanges = (remote.Capabilities & FrameCaps.Exchanges) != 0;
        RemoteEndPoint = (IPEndPoint)stream.Socket.RemoteEndPoint!;
        ListenEndPoint = new IPEndPoint(RemoteEndPoint.Address, remote.ListenPort);
        LocalEndPoint = ((IPEndPoint)stream.Socket.LocalEndPoint!).Plain();
        SinceUs = time.NowUs();
        _watch = new LinkWatch(Send, Close, time, LinkWatch.PingEvery * (1 - 0.9 * Random.Shared.NextDouble()));
        _budget = new FrameBudget(SinceUs);
    }

    public LinkId Id { get; }

    public string PeerId { get; }

    /// <summary>Whether this side dialled.</summary>
    public bool Outgoing { get; }

    /// <summary>Whether it speaks TLS.</summary>
    public bool IsEncrypted => _stream.RemoteKey is not null;

    /// <summary>Whether the other side knows the frames beside the swarm's.</summary>
    public bool Exchanges { get; }

    /// <summary>Whether the other side knows BLOB, and RENDEZVOUS.</summary>
    public bool KnowsBlobs { get; }
    public bool KnowsMoves { get; }

    public IPEndPoint RemoteEndPoint { get; }

    /// <summary>Where the other side listens, as seen from here.</summary>
    public IPEndPoint ListenEndPoint { get; }

    /// <inheritdoc/>
    public long AckedBytes => _stream.AckedBytes;

    /// <inheritdoc/>
    public int? NextUnackedBytes => _unacked.TryPeek(out var next) ? next.Bytes : Volatile.Read(ref _unwritten) is > 0 and var bytes ? bytes : null;

    /// <inheritdoc/>
    public (SendChunk Chunk, int Bytes)? TryTakeSent(long ackedBytes)
    {
        if (!_unacked.TryPeek(out var next) || next.EndsAt > ackedBytes)
            return null;
        _unacked.TryDequeue(out _);
        return (next.Chunk, next.Bytes);
    }

    /// <summary>This machine's end of it.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>When it was made, microseconds on this peer's clock.</summary>
    public long SinceUs { get; }

    /// <summary>Queues a small frame, and has it sent.</summary>
    public void Send(Frame frame)
    {
        Queue(frame);
        _work.Set();
    }

    /// <summary>Sends what was queued; small frames alone right here, since to wake another thread for each costs more than they do.</summary>
    public void SendQueued() => _work.Set(runHere: _chunks.IsEmpty);

    /// <summary>Queues a small frame; <see cref="SendQueued"/> is to follow.</summary>
    public void Queue(Frame frame)
    {
        if (frame is ManifestFrame manifest)
            Interlocked.Add(ref _unwritten, manifest.Encoded.Length);
        if (Interlocked.Increment(ref _queued) > MaxQueuedFrames)
            Close("it does not read what it is sent");
        else
            _frames.Enqueue(frame);
    }

    /// <summary>Queues a chunk, as <see cref="Queue(Frame)"/> does; the core never hands out more than a few.</summary>
    public void Queue(SendChunk chunk) => _chunks.Enqueue(chunk);

    /// <summary>Queues a frame that is made when neither frames nor chunks wait: what only tests the link must not slow the music.</summary>
    public void SendLast(Func<Frame> make)
    {
        _last.Enqueue(make);
        _work.Set();
    }

    /// <summary>Whether chunks are read in lumps; see <see cref="FrameStream.Lumps"/>.</summary>
    public bool ReadsInLumps { get => _stream.Lumps is not null; set => _stream.Lumps = value ? _time : null; }

    /// <summary>There is reason to think that the way is gone: the connection ends unless something is heard within two seconds.</summary>
    public void Probe() => _watch.Probe();

    /// <summary>Ends the connection; the first reason counts.</summary>
    public void Close(string why)
    {
        Interlocked.CompareExchange(ref _why, why, null);
        _stop.Cancel();
    }

    /// <summary>Runs until the connection ends.</summary>
    /// <returns>Why it ended.</returns>
    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.Register(() => Close(Farewell));
        Task[] loops = [ReadLoopAsync(_stop.Token), WriteLoopAsync(_stop.Token), _watch.RunAsync(_stop.Token)];
        try
        {
            await await Task.WhenAny(loops);
        }
        catch (Exception problem) when (problem is IOException or SocketException or ProtocolException or OperationCanceledException)
        {
            Close(problem is OperationCanceledException ? "closed" : problem.Message);
        }
        catch (Exception fault)
        {
            // The root of all three: whatever a bug throws ends this connection, and its reason is told.
            Close($"a fault inside ({fault.GetType().Name}: {fault.Message})");
        }

        Close("it closed the connection");
        // A frame that says why, where the socket still takes one; then all are waited for.
        await _stop.CancelAsync();
        await Task.WhenAll(loops).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _watch.Dispose();
        await SayByeAsync();
        await _stream.DisposeAsync();
        return _why!;
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task WriteLoopAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _work.WaitAsync(cancellationToken);
            while (true)
            {
                while (_stream.PendingBytes < FlushBytes && _frames.TryDequeue(out var frame))
                {
                    Interlocked.Decrement(ref _queued);
                    _stream.Append(frame);
                    if (frame is ManifestFrame manifest)
                        Watch(manifest);
                }

                // A chunk takes the frames before it along: a packet of its own for each would cost more than they say.
                if (_stream.PendingBytes < FlushBytes && _chunks.TryDequeue(out var chunk))
                    await SendChunkAsync(chunk, cancellationToken);
                else if (_stream.PendingBytes > 0)
                    await TellBeforeWaiting(_stream.FlushAsync(cancellationToken));
                else if (_hasSent)
                    TakeUpSent();
                else if (_last.TryDequeue(out var make))
                    await _stream.SendAsync(make(), cancellationToken);
                else
                    break;
            }
        }
    }

    // How long it takes to the other side says what no answer does: one may be late because its sender has other things to do.
    private void Watch(ManifestFrame manifest)
    {
        var bytes = manifest.Encoded.Length;
        _unacked.Enqueue((_stream.WrittenBytes + _stream.PendingBytes, bytes, new SendChunk(Id, default, manifest.Slot, SendChunk.Manifest)));
        Interlocked.Add(ref _unwritten, -bytes);
    }

    // What was sent the loop takes up once there is nothing more to send, or the socket is full: to wake it for each chunk costs a tenth of what
    // the chunk does. On another thread: on a quick way both are busy all the time, and on one they would take turns.
    private ValueTask TellBeforeWaiting(ValueTask write)
    {
        if (_hasSent && !write.IsCompleted)
            TakeUpSent();
        return write;
    }

    private void TakeUpSent()
    {
        _hasSent = false;
        _events.TakeUp(runHere: false);
    }

    private async Task SendChunkAsync(SendChunk chunk, CancellationToken cancellationToken)
    {
        var storage = _events.StorageOf(chunk.Track);
        var size = storage?.Manifest.SizeOf(chunk.Chunk) ?? 0;
        var before = _stream.PendingBytes;
        var start = before + FrameWriter.ChunkHeaderSize;
        var buffer = ArrayPool<byte>.Shared.Rent(start + size);
        try
        {
            string? problem = storage is null ? "the track is closed" : null;
            try
            {
                storage?.Read(chunk.Chunk, 0, buffer.AsSpan(start, size));
            }
            catch (IOException unreadable)
            {
                problem = unreadable.Message;
            }

            if (problem is null)
            {
                _stream.Pace(chunk.PaceUsPerByte);
                _stream.TakePending(buffer);
                FrameWriter.WriteChunkHeader(buffer.AsSpan(before), chunk.Slot, chunk.Chunk, size);
                await TellBeforeWaiting(_stream.SendRawAsync(buffer.AsMemory(0, start + size), cancellationToken));
                _unacked.Enqueue((_stream.WrittenBytes, size, chunk));
            }
            else
            {
                size = 0;
                await TellBeforeWaiting(_stream.SendAsync(new RejectFrame(chunk.Slot, chunk.Chunk), cancellationToken));
            }

            await _events.OnChunkSentAsync(this, chunk, size, problem, cancellationToken);
            _hasSent = true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task SayByeAsync()
    {
        if (_stream.IsCut)
            return;
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200), _time);
        try
        {
            await _stream.SendAsync(new ByeFrame(_why!), patience.Token);
        }
        catch (Exception problem) when (problem is IOException or OperationCanceledException or ObjectDisposedException)
        {
            return; // The connection was lost already: there is no one to tell.
        }
    }
}
