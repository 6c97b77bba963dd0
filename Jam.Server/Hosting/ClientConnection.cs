using System.Net.WebSockets;
using Jam.Server.Contracts;
using Jam.Server.Doors;
using Jam.Server.Observing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Jam.Server.Hosting;

/// <summary>
/// One client: a read loop over its socket, which hands messages to the rooms' loop, and an outbox. Whoever adds to that while nobody sends
/// sends, up to where the socket would have to be waited for; nobody is kept waiting. The end of either way ends the other.
/// </summary>
internal sealed partial class ClientConnection : IDisposable
{
    private static readonly TimeSpan _closeWithin = TimeSpan.FromSeconds(2);

    private readonly WebSocket _socket;
    private readonly IRoomHub _hub;
    private readonly JamServerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ServerMetrics? _metrics;
    private readonly Outbox _outbox;
    private readonly TokenBucket _rate;
    private readonly AddressAccount? _account;
    private readonly CancellationTokenSource _sending;
    private readonly TaskCompletionSource _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _ending = new();
    private volatile RoomView? _view;
    private volatile bool _isClosing;
    private bool _isDisposed;
    private int _errors;

    public ClientConnection(
        long id, string roomName, string? observedAddress, WebSocket socket, IRoomHub hub, JamServerOptions options, TimeProvider time,
        ILogger? log = null, ServerMetrics? metrics = null, AddressAccount? account = null)
    {
        _metrics = metrics;
        _account = account;
        _log = log ?? NullLogger.Instance;
        Id = id;
        RoomName = roomName;
        ObservedAddress = observedAddress;
        _socket = socket;
        _hub = hub;
        _options = options;
        _time = time;
        _outbox = new Outbox(options.OutboundCapacity);
        _rate = new TokenBucket(options.MessagesPerSecond, options.MessageBurst, time.NowUs());
        _sending = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
    }

    public long Id { get; }

    public string RoomName { get; }

    public string? ObservedAddress { get; }

    /// <summary>The port that pages come from, where it is another than this one's.</summary>
    public int? WebPort { get; init; }

    /// <summary>Where its clock can be probed by datagrams; null: nowhere.</summary>
    public ClockResponder? Clock { get; init; }

    /// <summary>The first thing that it was told to go away with; null: it was not.</summary>
    public Error? LastWord { get; private set; }

    /// <summary>Set by the rooms' loop when HELLO was taken; probes are answered from it.</summary>
    public RoomView? View
    {
        get => _view;
        set => _view = value;
    }

    /// <summary>
    /// Queues a message that goes to many; a full queue ends the connection with ERROR <c>slow_reader</c>.
    /// </summary>
    /// <returns>Whether the caller is to call <see cref="Pump"/>, when it likes: until then nothing more is sent here.</returns>
    public bool Queue(byte[] utf8)
    {
        if (_outbox.TryAdd(new Outbound(utf8), out var isMine))
            return isMine;
        CutShort(new Error(ErrorCodes.SlowReader, "messages for you were not read in time", true));
        return false;
    }

    /// <summary>Sends what waits, up to where the socket would have to be waited for; the rest follows by itself.</summary>
    public void Pump() => _ = PumpAsync();

    /// <summary>Queues a message and sends what can be; a full queue ends the connection with ERROR <c>slow_reader</c>.</summary>
    public void Send(ServerMessage message)
    {
        if (Put(message))
            Pump();
    }

    /// <summary>Queues a message, for others to go with it; a full queue ends the connection with ERROR <c>slow_reader</c>.</summary>
    /// <returns>Whether the caller is to call <see cref="Pump"/>, when it likes: until then nothing more is sent here.</returns>
    public bool Put(ServerMessage message)
    {
        var goes = message as Error is { Close: true } last ? last : null;
        LastWord ??= goes;
        var outbound = new Outbound(ControlCodec.Serialize(message), goes is null ? null : WebSocketCloseStatus.PolicyViolation, message is State);
        if (!_outbox.TryAdd(outbound, out var isMine))
            CutShort(new Error(ErrorCodes.SlowReader, "messages for you were not read in time", true));
        _metrics?.Sent(message);
        return isMine;
    }

    /// <summary>Sends a message that goes to a few, past the queue where nothing waits there.</summary>
    public void Send(byte[] utf8)
    {
        if (_outbox.TryPass(isState: false))
            _ = PumpAsync(utf8);
        else if (Queue(utf8))
            Pump();
    }

    /// <summary>Ends the connection in good order once what waits was sent.</summary>
    public void HangUp()
    {
        if (!_outbox.TryAdd(new Outbound(close: WebSocketCloseStatus.NormalClosure), out var isMine))
            EndNow(null, WebSocketCloseStatus.NormalClosure);
        else if (isMine)
            Pump();
    }

    /// <summary>Runs until either side ends the connection. Never throws on account of the client.</summary>
    /// <returns>Why it ended, for people.</returns>
    public async Task<string> RunAsync(CancellationToken stopping)
    {
        using var receiving = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        await using var onStop = stopping.Register(() => EndNow(null, WebSocketCloseStatus.EndpointUnavailable));
        await using var onSilence = _time.CreateTimer(_ => OnHelloTimeout(), null, Limits.HelloTimeout, Timeout.InfiniteTimeSpan);
        var reading = ReadAsync(receiving.Token);
        if (await Task.WhenAny(reading, _sent.Task) == reading)
            EndNow(null, WebSocketCloseStatus.NormalClosure);
        await _sent.Task;
        _isClosing = true;
        // A client that answers the close frame ends the read loop by itself; another one has this long.
        receiving.CancelAfter(_closeWithin);
        return await reading;
    }

    public void Dispose()
    {
        lock (_ending)
        {
            _isDisposed = true;
            _sending.Dispose();
        }
    }

    private async Task<string> ReadAsync(CancellationToken cancellationToken)
    {
        using var frames = new FrameReader(_socket);
        var reason = "lost";
        try
        {
            while (true)
            {
                var (kind, message) = await frames.ReadAsync(cancellationToken);
                var t2Us = _time.NowUs();
                switch (kind)
                {
                    case FrameKind.Closed:
                        return _isClosing ? reason : "left";
                    case FrameKind.Message or FrameKind.TooLarge when _isClosing:
                        // Read on to the close frame: a socket that is shut with bytes unread takes the last word back.
                        break;
                    case FrameKind.TooLarge:
                        reason = "sent too large a message";
                        CutShort(new Error(ErrorCodes.TooLarge, $"a message may have {Limits.MaxMessageBytes} bytes", true));
                        break;
                    case FrameKind.Message when !_rate.TryTake(t2Us):
                        reason = "sent too many messages";
                        CutShort(new Error(ErrorCodes.Rate, "too many messages a second", true));
                        break;
                    case FrameKind.Message when _account?.TryTakeMessage(message.Length) == false:
                        reason = "sent too many messages";
                        CutShort(new Error(ErrorCodes.Rate, "too many messages a second come from your address", true));
                        break;
                    case FrameKind.Message:
                        await TakeAsync(message, t2Us, cancellationToken);
                        break;
                    default:
                        throw new NotSupportedException();
                }
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            return reason;
        }
    }

    private async ValueTask TakeAsync(ReadOnlyMemory<byte> utf8, long t2Us, CancellationToken cancellationToken)
    {
        var (message, error) = ControlCodec.ParseClient(utf8);
        _metrics?.Received(message, utf8.Length);
        if (error is null && message is SyncRequest early && View is null)
        {
            // Whoever resumes needs this clock before it can say where the music is on it.
            Send(new SyncResponse(early.T1Us, t2Us, _time.NowUs(), _hub.ClockId, PlaybackStatus.Pause, null, 0, 0));
            return;
        }

        if (error is null && message is not (Hello or TellRendezvous) && View is null)
            error = new Error(ErrorCodes.HelloFirst, "the first message is HELLO");
        if (error is not null)
        {
            Complain(error);
            return;
        }

        switch (message)
        {
            case Hello when View is null && _account?.TryJoin() == false:
                Send(new Error(ErrorCodes.Rate, "too many joins a second come from your address; try again in a moment", true));
                break;
            case SyncRequest probe:
                if (_outbox.AddProbe(new ProbeStamp(probe.T1Us, t2Us, probe.IsBrief)))
                    Pump();
                break;
            case Ping ping:
                Send(new Pong(ping.Nonce));
                break;
            case ClockPortRequest:
                Send(Clock?.Admit(this, _options.MessagesPerSecond, _options.MessageBurst, _account) ?? new ClockPort());
                break;
            default:
                // Waiting for the room's answer to HELLO keeps STATE the first answer, ahead of any probe's.
                await _hub.TakeAsync(this, message!, cancellationToken);
                break;
        }
    }

    private void Complain(Error error)
    {
        Send(error);
        Log(error);
        if (++_errors == _options.MaxErrors)
            Send(new Error(ErrorCodes.TooManyErrors, "too many messages that were wrong", true));
    }

    private void OnHelloTimeout()
    {
        if (View is null)
            Send(new Error(ErrorCodes.HelloTimeout, $"no HELLO within {Limits.HelloTimeout.TotalSeconds:0} s", true));
    }

    private void CutShort(Error error)
    {
        LastWord ??= error;
        if (!EndNow(ControlCodec.Serialize(error), WebSocketCloseStatus.PolicyViolation))
            return;
        _metrics?.Dropped(error.Code);
        Log(error);
    }

    // Of who is no member yet one line is written when it goes; and nobody fills the log.
    private void Log(Error error)
    {
        var unsaid = 0;
        if (View is null || _account?.TryLog(out unsaid) == false)
            return;
        var more = HostingLog.Unsaid(unsaid);
        HostingLog.Complained(_log, Id, RoomName, error.Message, error.Code, more);
    }

    /// <summary>Says this next and then closes, whatever else waits; a send that hangs is cut off. False where a last word is said.</summary>
    private bool EndNow(byte[]? utf8, WebSocketCloseStatus status)
    {
        bool isMine;
        lock (_ending)
        {
            if (_isDisposed || !_outbox.TrySetLastWord(new Outbound(utf8, status), out isMine))
                return false;
            _isClosing = true;
            _sending.CancelAfter(_closeWithin);
        }

        if (isMine)
            Pump();
        return true;
    }
}
