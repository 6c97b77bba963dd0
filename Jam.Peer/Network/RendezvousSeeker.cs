using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using Jam.Peer.Clock;
using Jam.Server.Contracts;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace Jam.Peer.Network;

/// <summary>A connection that the room has taken HELLO on, and whether what was known of the room counts no more.</summary>
internal sealed record FoundRendezvous(RendezvousConnection Connection, bool ComesHome);

/// <summary>Opens connections to the room's authority: at the known addresses in turn, and where somebody says that it may be.</summary>
/// <param name="options">What to say there, and how long to wait.</param>
/// <param name="clock">The room clock.</param>
/// <param name="clockGate">Guards it.</param>
/// <param name="time">For every wait.</param>
/// <param name="tryTell">Takes why no address answers, once, where none ever did; false where it could not be taken.</param>
internal sealed class RendezvousSeeker(RendezvousOptions options, RoomClockEstimator clock, Lock clockGate, TimeProvider time, Func<string, bool> tryTell)
{
    // A round over all addresses fits into what is waited before another takes the room over.
    private static readonly TimeSpan _roundWithin = TimeSpan.FromSeconds(6);

    // A fleet that moves a room answers within a second or so; a takeover is over two or three such answers later.
    private static readonly TimeSpan _movingDelay = TimeSpan.FromSeconds(0.1);
    private const int MaxHops = 3;

    private readonly byte[] _retrySecret = RandomNumberGenerator.GetBytes(32);

    // Full mode: the newest wish counts.
    private readonly Channel<Whereabouts> _hints = Channel.CreateBounded<Whereabouts>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private volatile IReadOnlyList<Uri> _candidates = options.Candidates;
    private ResiliencePipeline<RendezvousConnection>? _attempts;
    private int _next;
    private int _failedRounds;
    private volatile bool _hasTold;
    private bool _hasAsked = true;
    private volatile Uri? _dialled;

    /// <summary>Where to look in turn.</summary>
    public IReadOnlyList<Uri> Candidates
    {
        get => _candidates;
        set => _candidates = value;
    }

    /// <summary>The authority that was followed last: one that it outranks, though it was told so, is none of this room's.</summary>
    public AuthorityRank Least { get; set; }

    /// <summary>Whether one of these is being dialled already, or was as the last, with success: to begin anew would only say HELLO twice.</summary>
    public bool IsDialling(IReadOnlyList<Uri> urls) => _dialled is { } url && urls.Contains(url);

    /// <summary>The room may be at one of these addresses.</summary>
    public void Hint(Guid authority, IReadOnlyList<Uri> urls, bool comesHome) => _hints.Writer.TryWrite(new Whereabouts(authority, urls, comesHome));

    /// <summary>Looks where it was hinted at, then at all candidates, until one answers.</summary>
    public async Task<FoundRendezvous> SeekAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_hints.Reader.TryRead(out var hint) && await LookAsync(hint, null, cancellationToken) is { } found)
                return new FoundRendezvous(found, hint.ComesHome);
            _attempts ??= Attempts();
            _failedRounds = 0;
            try
            {
                return new FoundRendezvous(await _attempts.ExecuteAsync(NextAsync, cancellationToken), false);
            }
            catch (Exception e) when (IsTransient(e) && HasHint)
            {
                // Somebody has said meanwhile where it may be.
                continue;
            }
        }
    }

    /// <summary>While a connection stands: follows hints until one leads to an authority that is to be followed rather.</summary>
    /// <param name="rank">Of the authority at the other end of the connection that stands.</param>
    /// <param name="url">Where that is.</param>
    /// <param name="standing">Ends when that connection does: no hint is followed from then on, but one that is goes on.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<FoundRendezvous> LookBesideAsync(Func<AuthorityRank> rank, Uri url, CancellationToken standing, CancellationToken cancellationToken)
    {
        while (true)
        {
            var hint = await _hints.Reader.ReadAsync(standing);
            Least = rank();
            // A second HELLO to the same server would only cost the first one its place.
            var others = hint with { Urls = [.. hint.Urls.Where(u => u != url)] };
            if (hint.Authority == rank().Id || await LookAsync(others, rank().Id, cancellationToken) is not { } found)
                continue;
            if (found.Rank.Outranks(rank()) || hint.ComesHome)
                return new FoundRendezvous(found, hint.ComesHome);
            found.Dispose();
        }
    }

    private async Task<RendezvousConnection?> LookAsync(Whereabouts hint, Guid? standing, CancellationToken cancellationToken)
    {
        foreach (var url in hint.Urls)
        {
            using var timer = new CancellationTokenSource(Timeout(hint.Urls.Count), time);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
            try
            {
                return await OpenAsync(url, hint.ComesHome, standing, patience.Token);
            }
            catch (Exception e) when (IsTransient(e) || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                // Hearsay that is wrong or old.
                continue;
            }
        }

        return null;
    }

    private async ValueTask<RendezvousConnection> NextAsync(CancellationToken cancellationToken)
    {
        lock (clockGate)
            clock.HoldOver(time.NowUs());
        // Every other round, since who is asked may keep silent for as long as an attempt may take.
        if (Least.Epoch == 0 && options.AskWhere is { } ask && _next % _candidates.Count == 0 && (_hasAsked = !_hasAsked)
            && await ask(cancellationToken) is { Count: > 0 } urls)
        {
            _candidates = urls;
        }

        var candidates = _candidates;
        try
        {
            return await OpenAsync(candidates[_next % candidates.Count], false, null, cancellationToken);
        }
        catch (Exception problem)
        {
            // Who is told that the room is moving has found somebody.
            if (problem is RendezvousRefusedException { IsMoving: true })
                _failedRounds = 0;
            else
                _failedRounds += ++_next % candidates.Count == 0 ? 1 : 0;
            // Once all have failed, and once; who was connected before has been told already.
            if (!_hasTold && _next >= candidates.Count && !cancellationToken.IsCancellationRequested)
                _hasTold = tryTell(Reason(problem));
            throw;
        }
    }

    /// <summary>Opens a connection there, or where the server there says that the room is.</summary>
    private async Task<RendezvousConnection> OpenAsync(Uri url, bool comesHome, Guid? standing, CancellationToken cancellationToken)
    {
        for (var (at, hops) = (url, 0); ; hops++)
        {
            try
            {
                return await OpenHereAsync(at, comesHome, standing, cancellationToken);
            }
            catch (RendezvousElsewhereException elsewhere)
            {
                // Lists begin with the owner. Who goes round in circles waits for the fleet to agree.
                if (hops == MaxHops || Believable(elsewhere.Where, at) is not { } next)
                    throw new RendezvousRefusedException("the room's servers do not agree where it is") { IsMoving = true };
                at = next;
            }
            catch (Exception e) when (hops > 0 && IsTransient(e) && e is not RendezvousRefusedException)
            {
                throw new RendezvousRefusedException(Reason(e)) { IsMoving = true };
            }
        }
    }

    /// <summary>The first address that may be this room's: a server elsewhere has nothing to say about this machine's own.</summary>
    private static Uri? Believable(Rendezvous where, Uri from) => where.Urls.Where(Names.IsRoomUrl).Select(u => new Uri(u))
        .FirstOrDefault(u => u != from && u.Segments[^1] == from.Segments[^1] && (!Names.IsOfThisMachine(u) || from.IsLoopback));

    private async Task<RendezvousConnection> OpenHereAsync(Uri url, bool comesHome, Guid? standing, CancellationToken cancellationToken)
    {
        NetworkLog.Trying(options.Log, url);
        _dialled = url;
        try
        {
            var connection = await RendezvousConnection.OpenAsync(
                url, options with { BuildHello = BuildHello }, Least, standing, clock, clockGate, time, cancellationToken);
            NetworkLog.Opened(options.Log, url);
            _hasTold = true;
            return connection;
        }
        catch (Exception problem)
        {
            _dialled = null;
            var why = Reason(problem);
            NetworkLog.Failed(options.Log, url, why);
            throw;
        }

        Hello BuildHello()
        {
            var hello = options.BuildHello();
            if (options.Listen is { } listen)
                hello = hello with { Listen = listen(url) };
            hello = options.Personalize?.Invoke(url, hello) ?? hello;
            hello = hello with { RetryToken = RetryTokenAt(url) };
            return comesHome ? hello with { Resume = null } : hello;
        }
    }

    // Another for each address, so that no server can be this peer at another.
    private string RetryTokenAt(Uri url) => Convert.ToHexStringLower(HMACSHA256.HashData(_retrySecret, Encoding.UTF8.GetBytes(url.ToString())))[..32];

    private bool HasHint => _hints.Reader.TryPeek(out _);

    private TimeSpan Timeout(int addresses) =>
        TimeSpan.FromSeconds(Math.Clamp(_roundWithin.TotalSeconds / addresses, 1, options.AttemptTimeout.TotalSeconds));

    private ResiliencePipeline<RendezvousConnection> Attempts() =>
        new ResiliencePipelineBuilder<RendezvousConnection> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<RendezvousConnection>
            {
                MaxRetryAttempts = int.MaxValue,
                // A wait follows a round over all addresses, not each of them, and it is the rounds that make it longer: of three servers
                // the first to come back is asked within a quarter of a second, not within one.
                DelayGenerator = attempt => new ValueTask<TimeSpan?>(
                    attempt.Outcome.Exception is RendezvousRefusedException { IsMoving: true } ? _movingDelay
                    : _next % _candidates.Count == 0 ? AfterRounds(_failedRounds) : TimeSpan.Zero),
                ShouldHandle = new PredicateBuilder<RendezvousConnection>().Handle<Exception>(e => IsTransient(e) && !HasHint),
            })
            .AddTimeout(new TimeoutStrategyOptions { TimeoutGenerator = _ => new ValueTask<TimeSpan>(Timeout(_candidates.Count)) })
            .Build();

    // Doubles; by chance half as long to half as long again, so that a room's members do not come all at once.
    private TimeSpan AfterRounds(int failed)
    {
        var delay = options.FirstDelay * Math.Pow(2, Math.Min(failed - 1, 16)) * (0.5 + Random.Shared.NextDouble());
        return delay < options.MaxDelay ? delay : options.MaxDelay;
    }

    // A WebSocket's own words say only that it did not come about; what lies under them says why.
    private string Reason(Exception problem) => options.Trust?.Explain(problem) ?? problem switch
    {
        WebSocketException { InnerException: { } inner } => inner.Message,
        OperationCanceledException => "no answer in time",
        _ => problem.Message,
    };

    private static bool IsTransient(Exception e) =>
        e is WebSocketException or IOException or SocketException or HttpRequestException or TimeoutRejectedException
            or RendezvousRefusedException;

    private sealed record Whereabouts(Guid Authority, IReadOnlyList<Uri> Urls, bool ComesHome);
}
