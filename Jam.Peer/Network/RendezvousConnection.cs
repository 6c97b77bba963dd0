using System.Buffers;
using System.Net;
using System.Net.WebSockets;
using System.Threading.Channels;
using Jam.Peer.Clock;
using Jam.Peer.Session;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Jam.Peer.Network;

/// <summary>
/// One connection to a rendezvous: a read loop, a write loop, and the clock probes that travel on it. Probes are stamped
/// right before the send and right after the whole answer is here, before it is parsed.
/// </summary>
internal sealed class RendezvousConnection : IDisposable
{
    private const int QueueCapacity = 256;

    private readonly ClientWebSocket _socket;
    private readonly FrameReader _frames;
    private readonly ClockProbes _probes;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ArrayBufferWriter<byte> _buffer = new(512);

    private readonly Channel<ClientMessage> _messages = Channel.CreateBounded<ClientMessage>(
        new BoundedChannelOptions(QueueCapacity) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    // Set whenever the write loop may have something to do; once is enough.
    private readonly WorkSignal _wake = new();

    private string? _lastError;
    private bool _awaitsClockPort;
    private ClockDatagrams? _datagrams;
    private Task _datagramsRead = Task.CompletedTask;

    private RendezvousConnection(Uri url, ClientWebSocket socket, ClockProbes probes, TimeProvider time, ILogger log)
    {
        Url = url;
        _log = log;
        _socket = socket;
        _frames = new FrameReader(socket);
        _probes = probes;
        _time = time;
    }

    public Uri Url { get; }

    /// <summary>Where its pages come from, where that is not <see cref="Url"/>.</summary>
    public Uri? Pages { get; private set; }

    /// <summary>The newest of everything that the authority told of; null before the first answer to a probe.</summary>
    public Revisions? Newest => _probes.Newest;

    /// <summary>How the authority compares with others, by the last STATE.</summary>
    public AuthorityRank Rank { get; private set; }

    /// <summary>How good the way is.</summary>
    public LinkQuality Quality => _probes.Quality;

    /// <summary>Begins a burst of probes at once.</summary>
    public void Resync()
    {
        _probes.MeasureAnew();
        _wake.Set();
    }

    /// <summary>No probe before then, if the clock is known well enough to play by.</summary>
    public void Rest(long untilUs)
    {
        _probes.Rest(untilUs);
        _wake.Set();
    }

    /// <summary>What the server said when the host sent this peer away; null as long as that has not happened.</summary>
    public string? SentAway { get; private set; }

    /// <summary>Whether it asks where the clock can be probed by datagrams.</summary>
    public bool AsksForClockPort { get; init; }

    /// <summary>The first answer to HELLO.</summary>
    public required State FirstState { get; init; }

    /// <summary>
    /// Connects, says HELLO and waits for STATE. The authority that another connection stands to, found here under another address, gets no
    /// HELLO: it would take that for this peer's return.
    /// </summary>
    /// <exception cref="WebSocketException">Nobody is there, or it is no rendezvous.</exception>
    /// <exception cref="RendezvousRefusedException">The server answered something else, or is outranked by what is known.</exception>
    /// <exception cref="JamException">The host sent this peer away; there is no use in trying again.</exception>
    public static async Task<RendezvousConnection> OpenAsync(
        Uri url, RendezvousOptions options, AuthorityRank least, Guid? standing, RoomClockEstimator clock, Lock clockGate, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var log = options.Log;
        var socket = new ClientWebSocket();
        FrameReader? frames = null;
        try
        {
            // Pings that go unanswered end a connection whose server is gone without a word, within five seconds.
            socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(2);
            socket.Options.KeepAliveTimeout = TimeSpan.FromSeconds(3);
            // A room is on this network or dialled directly; a web proxy knows nothing of it.
            socket.Options.Proxy = null;
            options.Trust?.Apply(socket.Options);
            await socket.ConnectAsync(url, cancellationToken);
            frames = new FrameReader(socket);
            if (standing is { } known && await ResumePoint.IsOfAsync(known, socket, frames, time, cancellationToken))
                throw new RendezvousRefusedException("this peer is connected with that server already");
            var hello = await ResumePoint.AddAsync(socket, frames, options.BuildHello, clock, clockGate, time, cancellationToken);
            var said = await HelloExchange.SayAsync(socket, frames, hello, options, time, cancellationToken);
            if (said is Error { Code: ErrorCodes.Kicked } kicked)
                throw new JamException(kicked.Message);
            // Who was here before comes back by its token: then the door is another's, and the room elsewhere.
            if (said is Error { Code: ErrorCodes.PasswordNeeded or ErrorCodes.WrongPassword or ErrorCodes.BadInvite } locked && least.Epoch == 0)
                throw new JamException(DoorTexts.Refused(locked));
            if (said is Rendezvous { Urls.Count: > 0 } elsewhere)
                throw new RendezvousElsewhereException(elsewhere);
            if (said is Error { Code: ErrorCodes.Moving } moving)
                throw new RendezvousRefusedException(moving.Message) { IsMoving = true };
            if (said is not State state)
                throw new RendezvousRefusedException((said as Error)?.Message ?? "the server did not answer HELLO with STATE");
            // It was told what this peer knows, and keeps below that.
            if (hello.Resume is not null && least.Outranks(state.ToTimeline().Rank))
                throw new RendezvousRefusedException("that is not the room's server any more");
            var probes = new ClockProbes(clock, clockGate, time, log, options.Trace);
            return new RendezvousConnection(url, socket, probes, time, log) { FirstState = state, Rank = state.ToTimeline().Rank, AsksForClockPort = options.AsksForClockPort };
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        finally
        {
            frames?.Dispose();
        }
    }

    /// <summary>Queues a message; false where the queue is full.</summary>
    public bool TrySend(ClientMessage message)
    {
        if (!_messages.Writer.TryWrite(message))
            return false;
        _wake.Set();
        return true;
    }

    /// <summary>Runs both loops until either ends.</summary>
    /// <returns>Why it ended, for people.</returns>
    public async Task<string> RunAsync(ChannelWriter<RendezvousEvent> events, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _awaitsClockPort = AsksForClockPort && TrySend(new ClockPortRequest());
        var reading = ReadAsync(events, ending.Token);
        var writing = WriteAsync(ending.Token);
        var first = await Task.WhenAny(reading, writing);
        await ending.CancelAsync();
        var (whyRead, whyWrite) = (await reading, await writing);
        await _datagramsRead.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return _lastError ?? (first == reading ? whyRead : whyWrite);
    }

    public void Dispose()
    {
        _frames.Dispose();
        _socket.Dispose();
        _datagrams?.Dispose();
    }

    private async Task UseDatagramsAsync(ClockPort told, CancellationToken cancellationToken)
    {
        if (await ClockDatagrams.TryOpenAsync(Url, told, _time, cancellationToken) is not { } datagrams)
            return;
        _datagrams = datagrams;
        _probes.Use(datagrams);
        try
        {
            await datagrams.ReceiveAsync(Take, cancellationToken);
        }
        finally
        {
            _probes.Use(null);
        }

        void Take(ClockStamps answer, long t1Us, long t4Us)
        {
            // A server that passes frames on has a clock of its own, which is not the room's.
            if (answer.ClockId != FirstState.ClockId)
                return;
            _probes.Take(answer, t1Us, t4Us);
            _wake.Set();
        }
    }

    private async Task<string> ReadAsync(ChannelWriter<RendezvousEvent> events, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var (kind, utf8) = await _frames.ReadAsync(cancellationToken);
                var t4Us = _time.NowUs();
                if (kind != FrameKind.Message)
                    return kind == FrameKind.Closed ? "the server closed the connection" : "the server sent too large a message";
                var received = ControlCodec.ParseServer(utf8).Message;
                switch (received)
                {
                    case SyncResponse answer:
                        _probes.Take(answer, t4Us);
                        _wake.Set();
                        break;
                    case ClockPort told:
                        if (_awaitsClockPort)
                            _datagramsRead = UseDatagramsAsync(told, cancellationToken);
                        _awaitsClockPort = false;
                        break;
                    // A server from before there were such ports.
                    case Error { Code: ErrorCodes.UnknownType } when _awaitsClockPort:
                        _awaitsClockPort = false;
                        break;
                    case Error { Close: true } error:
                        _lastError = error.Message;
                        SentAway = error.Code == ErrorCodes.Kicked ? error.Message : SentAway;
                        await events.WriteAsync(new Received(error), cancellationToken);
                        break;
                    case { } message:
                        if (message is State state && state.ToTimeline().Rank is var rank && rank.Outranks(Rank))
                            Rank = rank;
                        if (message is Welcome { WebPort: > 0 and <= IPEndPoint.MaxPort and var port } && port != Url.Port)
                            Pages = new UriBuilder(Url) { Port = port }.Uri;
                        await events.WriteAsync(new Received(message), cancellationToken);
                        break;
                    default:
                        // Later servers may say more than this client knows; nonsense is worth no more than that.
                        break;
                }

                if (received is not null)
                    NetworkLog.Received(_log, received);
            }
        }
        catch (Exception e) when (IsConnectionLoss(e))
        {
            return "the connection broke";
        }
    }

    private async Task<string> WriteAsync(CancellationToken cancellationToken)
    {
        await using var timer = _time.CreateTimer(
            static wake => ((WorkSignal)wake!).Set(), _wake, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        try
        {
            while (true)
            {
                if (_probes.TryBegin(out var probe))
                    await (probe is null ? ValueTask.CompletedTask : SendAsync(probe, cancellationToken));
                else if (_messages.Reader.TryRead(out var message))
                    await SendAsync(message, cancellationToken);
                else
                    await WaitAsync(timer, cancellationToken);
            }
        }
        catch (Exception e) when (IsConnectionLoss(e))
        {
            return "the connection broke";
        }
    }

    private async ValueTask WaitAsync(ITimer timer, CancellationToken cancellationToken)
    {
        timer.Change(TimeSpan.FromMilliseconds(_probes.WaitMs()), Timeout.InfiniteTimeSpan);
        await _wake.WaitAsync(cancellationToken);
    }

    private async ValueTask SendAsync(ClientMessage message, CancellationToken cancellationToken)
    {
        _buffer.ResetWrittenCount();
        ControlCodec.Serialize(message, _buffer);
        // Before it goes out: the answer to BYE is the end of this loop.
        NetworkLog.Sent(_log, message);
        await _socket.SendAsync(_buffer.WrittenMemory, WebSocketMessageType.Text, true, cancellationToken);
    }

    private static bool IsConnectionLoss(Exception e) =>
        e is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException;
}
