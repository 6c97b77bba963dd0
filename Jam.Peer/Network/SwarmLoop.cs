using System.Collections.Concurrent;
using System.Threading.Channels;
using Jam.Peer.Storage;
using Jam.Peer.Swarm;
using Jam.Peer.Wire;
using Jam.Server.Contracts;

namespace Jam.Peer.Network;

/// <summary>
/// The one loop that owns the swarm's core: takes events in order, carries out effects, keeps one timer. Nothing is awaited
/// inside but the next event, so no slow peer can hold the others up.
/// </summary>
internal sealed class SwarmLoop : IConnectionEvents, IAsyncDisposable
{
    private const long SnapshotEveryUs = 100_000;
    private const int MostOnOneThread = 64;

    private readonly SwarmCore _core;
    private readonly ISwarmOwner _owner;
    private readonly TimeProvider _time;
    // Full mode: wait. Only read loops wait, which is what slows a flood down.
    private readonly Channel<SwarmEvent> _events = Channel.CreateBounded<SwarmEvent>(new BoundedChannelOptions(8192) { SingleReader = true });
    private readonly ConcurrentDictionary<TrackId, TrackStorage> _storages = new();
    private readonly HashSet<TrackId> _striped = [];
    private readonly Dictionary<LinkId, PeerConnection> _connections = [];
    private readonly SendRound _toSend;
    private readonly SwarmStats _stats = new();
    private readonly SentWatch<PeerConnection> _sent = new();
    private readonly BlobDesk _blobs;
    private readonly CancellationTokenSource _stop = new();
    private readonly WorkSignal _work = new(); // Set by whoever posts, and by the timer.
    private readonly LoopTimer _timer;
    private readonly Task _loop;
    private SwarmSnapshot _snapshot = SwarmSnapshot.Empty;
    private long _snapshotAtUs;

    public SwarmLoop(SwarmSettings settings, ISwarmOwner owner, TimeProvider time)
    {
        _core = new SwarmCore(settings);
        _owner = owner;
        _time = time;
        _blobs = new BlobDesk(_core, _connections, owner, TryPost);
        _timer = new LoopTimer(time, _work);
        _toSend = new SendRound(time);
        _loop = Task.Run(() => RunAsync(_stop.Token));
    }

    /// <summary>Faults where the loop met something that it cannot go on after.</summary>
    public Task Completion => _loop;

    /// <summary>The latest picture, at most a tenth of a second old.</summary>
    public SwarmSnapshot Snapshot => Volatile.Read(ref _snapshot);

    /// <inheritdoc/>
    public TrackStorage? StorageOf(TrackId track) => _storages.GetValueOrDefault(track);

    /// <summary>Tells the loop something; waits while it is behind.</summary>
    public ValueTask PostAsync(SwarmEvent what, CancellationToken cancellationToken) => TryPost(what) ? default : WaitAndPostAsync(what, cancellationToken);

    /// <summary>Tells the loop something from a place that cannot wait; false where it is too far behind.</summary>
    public bool TryPost(SwarmEvent what)
    {
        if (!_events.Writer.TryWrite(what))
            return false;
        _work.Set();
        return true;
    }

    private async ValueTask WaitAndPostAsync(SwarmEvent what, CancellationToken cancellationToken)
    {
        // What fills the queue may not have been taken up yet.
        _work.Set();
        await _events.Writer.WriteAsync(what, cancellationToken);
        _work.Set();
    }

    private ValueTask TellAsync(SwarmEvent what, CancellationToken cancellationToken) =>
        _events.Writer.TryWrite(what) ? default : WaitAndPostAsync(what, cancellationToken);

    /// <inheritdoc/>
    public void TakeUp(bool runHere) => _work.Set(runHere);

    /// <inheritdoc/>
    public ValueTask OnFrameAsync(PeerConnection from, Frame frame, CancellationToken cancellationToken) =>
        TellAsync(new FrameEvent(from.Id, frame), cancellationToken);

    /// <inheritdoc/>
    public ValueTask OnChunkAsync(PeerConnection from, ChunkFrame chunk, bool isGood, CancellationToken cancellationToken) =>
        TellAsync(new ChunkEvent(from.Id, chunk, isGood), cancellationToken);

    /// <inheritdoc/>
    public ValueTask OnChunkSentAsync(PeerConnection from, SendChunk chunk, int bytes, string? problem, CancellationToken cancellationToken) =>
        TellAsync(new ChunkSentEvent(from.Id, chunk, bytes, problem), cancellationToken);

    /// <inheritdoc/>
    public ValueTask OnRttAsync(PeerConnection from, long rttUs, CancellationToken cancellationToken) =>
        TellAsync(new RttEvent(from.Id, rttUs), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _timer.DisposeAsync();
        _events.Writer.Complete();
        while (_events.Reader.TryRead(out var left))
        {
            if (left is ChunkEvent { Chunk: var chunk })
                chunk.Release();
            else if (left is OpenEvent { Storage: var late })
                late.Dispose();
        }

        foreach (var storage in _storages.Values)
            storage.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var (dirty, taken) = (false, 0);
        while (true)
        {
            while (_events.Reader.TryRead(out var what))
            {
                // It may run on a thread that reads for a link: that one goes on reading now and then, however much the others bring.
                if (++taken % MostOnOneThread == 0)
                {
                    _toSend.Send();
                    await Task.Yield();
                }

                Take(what);
                CheckSent();
                if (_toSend.IsDue)
                    _toSend.Send();
                dirty = true;
                if (_time.NowUs() - _snapshotAtUs >= SnapshotEveryUs)
                {
                    TakeSnapshot();
                    dirty = false;
                }
            }

            _toSend.Send();
            var nowUs = _time.NowUs();
            if (dirty && nowUs - _snapshotAtUs >= SnapshotEveryUs)
            {
                TakeSnapshot();
                dirty = false;
            }

            var dueUs = Math.Min(Math.Min(_core.DueUs(nowUs), _blobs.DueUs()), Math.Min(_sent.DueUs, dirty ? _snapshotAtUs + SnapshotEveryUs : long.MaxValue));
            _timer.Arm(dueUs, nowUs);
            await _work.WaitAsync(cancellationToken);
            nowUs = _time.NowUs();
            if (dueUs > nowUs)
                continue;
            _core.Timer(nowUs);
            CarryOut(null);
            CheckSent();
            _toSend.Send();
            _blobs.Timer(nowUs);
        }
    }

    private void Take(SwarmEvent what)
    {
        var nowUs = _time.NowUs();
        if (_blobs.Take(what, nowUs))
            return;
        switch (what)
        {
            case ChunkEvent e:
                _stats.OnArrived(e);
                if (!e.IsGood)
                    _stats.OnBad(_core, e);
                _core.ReceiveChunk(e.Link, e.Chunk.Slot, e.Chunk.Chunk, e.Chunk.Length, e.IsGood, nowUs, isMoreComing: _events.Reader.Count > 0);
                CarryOut(e);
                e.Chunk.Release();
                _blobs.OnTaken(e, nowUs);
                return;
            case FrameEvent e:
                _core.Receive(e.Link, e.Frame, nowUs, isMoreComing: _events.Reader.Count > 0);
                break;
            case ChunkSentEvent e:
                _stats.OnSent(e);
                if (e.Problem is not null)
                    _owner.OnStorageProblem(e.Chunk.Track, e.Problem);
                _core.ChunkSent(e.Link, e.Bytes, nowUs, isMoreComing: _events.Reader.Count > 0);
                if (e.Bytes > 0 && _connections.TryGetValue(e.Link, out var taker))
                    _sent.Add(taker, nowUs);
                break;
            case LinkUpEvent e:
                _connections[e.Connection.Id] = e.Connection;
                _core.LinkUp(e.Connection.Id, e.Connection.PeerId, e.IsHost, nowUs);
                break;
            case LinkDownEvent e:
                if (_connections.Remove(e.Link, out var lost))
                    _sent.Remove(lost);
                _core.LinkDown(e.Link, nowUs);
                break;
            case RttEvent e:
                _stats.OnRtt(e);
                _core.SetRtt(e.Link, e.RttUs, nowUs);
                break;
            case SpentEvent e:
                _core.SpendUpload(e.Bytes, nowUs);
                break;
            case HostEvent e:
                _core.SetHost(e.Link, e.IsHost);
                break;
            case WantEvent e:
                _core.WantTrack(e.Track, e.Priority, nowUs);
                // It had to be let go for others, and is wanted again.
                if (_storages.TryGetValue(e.Track, out var kept))
                    _core.OpenTrack(kept.Manifest, kept.Have(), _striped.Contains(e.Track), nowUs);
                break;
            case OpenEvent e:
                _storages[e.Storage.Manifest.Id] = e.Storage;
                if (e.Striped)
                    _striped.Add(e.Storage.Manifest.Id);
                _stats.OnOpened(e.Storage, nowUs);
                _core.OpenTrack(e.Storage.Manifest, e.Storage.Have(), e.Striped, nowUs);
                break;
            case AwaitEvent e:
                _core.Await(e.Track, e.Chunk, nowUs);
                break;
            case PlayheadEvent e:
                _core.SetPlayhead(e.Track, e.PositionByte, e.BytesPerUs, e.IsRunning, e.AtUs, nowUs);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(what), what.GetType().Name, "no such event");
        }

        CarryOut(null);
        _blobs.OnTaken(what, nowUs);
    }

    private void CheckSent()
    {
        var nowUs = _time.NowUs();
        if (_sent.MayHaveNews(nowUs) && HasNews(nowUs))
            CarryOut(null);
    }

    private bool HasNews(long nowUs)
    {
        var any = false;
        _sent.Check(nowUs, (connection, sent) => any |= sent.Chunk == SendChunk.Manifest
            ? _core.ManifestArrived(connection.Id, sent.Slot, nowUs) : _core.ChunkArrived(connection.Id, sent.Track, sent.Chunk, nowUs));
        return any;
    }

    private void CarryOut(ChunkEvent? arrived)
    {
        foreach (var effect in _core.TakeEffects())
        {
            switch (effect)
            {
                case SendFrame e when _connections.TryGetValue(e.Link, out var connection):
                    connection.Queue(e.Frame);
                    _toSend.Add(connection);
                    if (e.Frame is ManifestFrame)
                        _sent.Add(connection, _time.NowUs());
                    break;
                case SendChunk e when _connections.TryGetValue(e.Link, out var connection):
                    connection.Queue(e);
                    _toSend.Add(connection);
                    break;
                case StoreChunk e:
                    _stats.OnStored(_core, e, arrived!, _time.NowUs());
                    if (_storages[e.Track].Write(e.Chunk, arrived!.Chunk.Payload) is { } problem)
                        _owner.OnStorageProblem(e.Track, problem);
                    break;
                case ManifestArrived e:
                    _owner.OnManifest(e.Manifest);
                    break;
                case TrackCompleted e:
                    _owner.OnCompleted(e.Track);
                    break;
                case DropLink e when _connections.TryGetValue(e.Link, out var connection):
                    _owner.OnDropped(connection, e.Why, e.Ban);
                    connection.Close(e.Why);
                    break;
                default: // What was meant for a link that is gone.
                    break;
            }
        }
    }

    private void TakeSnapshot()
    {
        _snapshotAtUs = _time.NowUs();
        foreach (var connection in _connections.Values) // Acknowledgements are what a poor uplink is spent on.
            connection.ReadsInLumps = _core.IsUplinkPoor;
        Volatile.Write(ref _snapshot, _stats.Snapshot(_core, _connections, _storages, _snapshotAtUs));
    }
}
