using System.Threading.Channels;
using Jam.Peer.Clock;
using Jam.Peer.Session;
using Jam.Server.Contracts;

namespace Jam.Peer.Network;

/// <summary>
/// Keeps a connection to the room's authority, wherever it is, for as long as the client lives: tries the candidates in turn
/// until one answers, and begins again when it goes. Keeps the room clock's estimate over gaps.
/// </summary>
public sealed class RendezvousClient : IAsyncDisposable
{
    private const int EventCapacity = 1024;
    private const int MostVisited = 8;
    private static readonly TimeSpan _leaveWithin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _shortLived = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _tellWithin = TimeSpan.FromSeconds(0.1);
    private static readonly TimeSpan _goOverWithin = TimeSpan.FromSeconds(2);

    private readonly RendezvousOptions _options;
    private readonly RendezvousSeeker _seeker;
    private readonly TimeProvider _time;
    private readonly RoomClockEstimator _clock;
    private readonly Lock _clockGate = new();
    private readonly CancellationTokenSource _ending = new();

    // A reader that lags holds the read loop up, and in the end is cut off by the server as a slow reader.
    private readonly Channel<RendezvousEvent> _events = Channel.CreateBounded<RendezvousEvent>(
        new BoundedChannelOptions(EventCapacity) { SingleWriter = true, FullMode = BoundedChannelFullMode.Wait });

    private volatile RendezvousConnection? _connection;
    private volatile bool _isLeaving;
    private readonly Lock _lifeGate = new();
    private CancellationTokenSource? _life;
    private Task _loop = Task.CompletedTask;
    private FoundRendezvous? _found;
    private volatile IReadOnlyList<Uri> _visited = [];

    /// <summary>Prepares a client; <see cref="Start"/> begins.</summary>
    public RendezvousClient(RendezvousOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentOutOfRangeException.ThrowIfZero(options.Candidates.Count, nameof(options));
        _options = options;
        _time = time;
        _clock = new RoomClockEstimator(options.KeepsFirstClock);
        _seeker = new RendezvousSeeker(options, _clock, _clockGate, time, why => _events.Writer.TryWrite(new Disconnected(why)));
    }

    /// <summary>What happens, in order. Ends when the client is disposed, or with a <see cref="JamException"/> when the host sends this peer away.</summary>
    public ChannelReader<RendezvousEvent> Events => _events.Reader;

    /// <summary>The latest estimate of the room clock, local side on this client's time provider. Any thread may read it.</summary>
    public RoomClockSnapshot Clock => _clock.Snapshot;

    /// <summary>Whether the room can be spoken to at the moment.</summary>
    public bool IsConnected => _connection is not null;

    /// <summary>The address in use; null while there is none.</summary>
    public Uri? Current => _connection?.Url;

    /// <summary>Where the pages of the authority in use come from; null while there is none.</summary>
    public Uri? Pages => _connection is { } connection ? connection.Pages ?? connection.Url : null;

    /// <summary>The last few addresses that it was connected to, or that those have their pages on, the newest last.</summary>
    public IReadOnlyList<Uri> Visited => _connection?.Pages is { } pages ? [.. _visited, pages] : _visited;

    /// <summary>The newest of everything that the authority told of; null while there is no connection.</summary>
    public Revisions? Newest => _connection?.Newest;

    /// <summary>How good the way to the authority is.</summary>
    public LinkQuality Quality => _connection?.Quality ?? default;

    /// <summary>Measures the clock anew, at once.</summary>
    public void Resync() => _connection?.Resync();

    /// <summary>Leaves the way to what everyone waits for: no probes for so long, if the clock is known well enough to play by. Zero: as ever.</summary>
    public void Rest(TimeSpan time) => _connection?.Rest(_time.NowUs() + (long)time.TotalMicroseconds);

    /// <summary>Begins to connect. Call once.</summary>
    public void Start() => _loop = Task.Run(RunAsync);

    /// <summary>Queues a message; false where there is no connection or its queue is full, in which case nothing is sent later.</summary>
    public bool TrySend(ClientMessage message) => _connection?.TrySend(message) ?? false;

    /// <summary>
    /// The room may be at one of these addresses: looks there at once, beside a connection that stands, and goes over where what it
    /// finds outranks that.
    /// </summary>
    /// <param name="authority">Whose place that is said to be: where this is connected with it, there is nothing to do.</param>
    /// <param name="urls">Where to look, in turn.</param>
    /// <param name="comesHome">Whether to go over in any case, and as one who knows nothing of the room.</param>
    public void Look(Guid authority, IReadOnlyList<Uri> urls, bool comesHome)
    {
        ArgumentNullException.ThrowIfNull(urls);
        _seeker.Hint(authority, urls, comesHome);
        if (!IsConnected && !_seeker.IsDialling(urls))
            Renew();
    }

    /// <summary>Replaces the addresses to try from the next attempt on; a connection that stands is kept.</summary>
    public void SetCandidates(IReadOnlyList<Uri> candidates)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        ArgumentOutOfRangeException.ThrowIfZero(candidates.Count, nameof(candidates));
        _seeker.Candidates = candidates;
    }

    /// <summary>
    /// This machine has other addresses than before: connects anew at once, with a HELLO that names them, rather than when the old
    /// connection is found to be dead.
    /// </summary>
    public void Renew()
    {
        lock (_lifeGate)
            _life?.Cancel();
    }

    /// <summary>
    /// What to tell a successor of the room's authority in HELLO; without the time, where the clock that the record is on is not known
    /// well enough to say where the music is.
    /// </summary>
    public Resume? Remember(Timeline? timeline, TrackInfo? track)
    {
        var clock = Clock;
        if (timeline is null)
            return null;
        return clock.IsReady && clock.ClockId == timeline.ClockId
            ? new Resume(timeline, track, (long)clock.ToRoomUs(_time.NowUs()), clock.ErrorUs)
            : new Resume(timeline, track, null, 0);
    }

    /// <summary>Says BYE where it can, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _isLeaving = true;
        if (TrySend(new Bye()))
        {
            // The server hangs up on BYE, which ends the loop; it may also be gone.
            _ending.CancelAfter(_leaveWithin);
        }
        else
        {
            await _ending.CancelAsync();
        }

        await _loop;
        _found?.Connection.Dispose();
        _events.Writer.TryComplete();
        _ending.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (!_isLeaving)
                await LiveAsync(_ending.Token);
            _events.Writer.TryComplete();
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            _events.Writer.TryComplete();
        }
        catch (Exception e)
        {
            // Nothing that a network does comes here, so the session must hear of it.
            _events.Writer.TryComplete(e);
        }
    }

    /// <summary>One connection's life, from the first attempt to its end.</summary>
    private async Task LiveAsync(CancellationToken cancellationToken)
    {
        using var life = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        lock (_lifeGate)
            _life = life;
        try
        {
            await LiveAsync(life.Token, cancellationToken);
        }
        catch (OperationCanceledException) when (life.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // Renewed while it was tried: begin again with the first wait.
            return;
        }
        finally
        {
            lock (_lifeGate)
                _life = null;
        }
    }

    private async Task LiveAsync(CancellationToken renewed, CancellationToken cancellationToken)
    {
        var (_, comesHome) = _found ??= await _seeker.SeekAsync(renewed);
        using var connection = _found.Connection;
        _found = null;
        var since = _time.GetTimestamp();
        try
        {
            (_connection, _seeker.Least) = (connection, connection.Rank);
            Note(connection.Url);
            await _events.Writer.WriteAsync(new Connected(connection.Url, comesHome), cancellationToken);
            await _events.Writer.WriteAsync(new Received(connection.FirstState), cancellationToken);
            var (why, isTold) = await RunAsync(connection, renewed);
            if (renewed.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
                why = "this machine's addresses have changed";
            NetworkLog.Ended(_options.Log, connection.Url, why);
            (_connection, _seeker.Least) = (null, connection.Rank);
            // Whoever is sent away stays out: a client that came back again and again would be told the same for ever.
            if (connection.SentAway is { } farewell)
                throw new JamException(farewell);
            if (_found is null && !isTold)
                await _events.Writer.WriteAsync(new Disconnected(why), cancellationToken);
        }
        finally
        {
            if (connection.Pages is { } pages)
                Note(pages);
            _connection = null;
            lock (_clockGate)
                _clock.OnConnectionLost();
        }

        // A server that lets one in only to hang up must not be asked again in a tight loop.
        if (!_isLeaving && _found is null && !renewed.IsCancellationRequested && _time.GetElapsedTime(since) < _shortLived)
            await Task.Delay(_options.FirstDelay, _time, cancellationToken);
    }

    private void Note(Uri visited) => _visited = [.. _visited.Where(u => u != visited).TakeLast(MostVisited - 1), visited];

    /// <summary>Runs a connection until it ends, or until another was found that is to take its place.</summary>
    /// <returns>Why it ended, and whether that has been told.</returns>
    private async Task<(string Why, bool IsTold)> RunAsync(RendezvousConnection connection, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var standing = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
        var isTold = false;
        var running = connection.RunAsync(_events.Writer, ending.Token);
        var looking = _seeker.LookBesideAsync(() => connection.Rank, connection.Url, standing.Token, ending.Token);
        if (await Task.WhenAny(running, looking) == looking && !ending.IsCancellationRequested)
        {
            _found = await looking;
            // Those who stay behind are shown the way.
            var (next, rank) = (_found.Connection, _found.Connection.Rank);
            connection.TrySend(new TellRendezvous(new Rendezvous(rank.Epoch, rank.Id, [next.Url.ToString()])));
            await Task.WhenAny(running, Task.Delay(_tellWithin, _time, ending.Token));
        }
        else if (!_isLeaving && connection.SentAway is null)
        {
            // Whoever is half over to where this server sent it when that hangs up goes on: dialling anew would be a second HELLO of one member.
            _connection = null;
            await standing.CancelAsync();
            if (await Task.WhenAny(looking, Task.Delay(_goOverWithin, _time, ending.Token)) != looking && !ending.IsCancellationRequested)
            {
                await _events.Writer.WriteAsync(new Disconnected(await running), _ending.Token);
                isTold = true;
                await Task.WhenAny(looking);
            }
        }

        await ending.CancelAsync();
        await Task.WhenAny(looking);
        if (looking.IsCompletedSuccessfully)
            _found ??= await looking;
        return (await running, isTold);
    }
}
