using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Fleck;
using Jam.Server.Doors;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;
using LogLevel = Microsoft.Extensions.Logging.LogLevel;

namespace Jam.Server.Hosting;

/// <summary>
/// Fleck as the listener: it reads and writes handshakes and frames, over sockets of our own (<see cref="FleckWire"/>). Its own have no cap
/// on what comes in, queue without end what goes out, and its server accepts nobody any more after a client that was gone too soon.
/// </summary>
internal sealed class FleckListener : IRoomListener
{
    private const int Backlog = 512;
    private static readonly TimeSpan s_beat = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_endWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_tryAgain = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly Reception _reception;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Action<Fleck.LogLevel, string, Exception> _toOurLog;
    private readonly CancellationTokenSource _stop = new();
    private readonly IdleGate _gate = new();
    private readonly ConcurrentDictionary<FleckWire, IdleGate.Standing> _wires = new();
    private readonly ConcurrentDictionary<FleckWire, Task> _serving = new();
    private readonly Task _accepting;

    private FleckListener(Socket socket, Reception reception, TimeProvider time, ILogger log)
    {
        (_socket, _reception, _time, _log) = (socket, reception, time, log);
        // Static in Fleck; whoever started last has it.
        _toOurLog = Log;
        FleckLog.LogAction = _toOurLog;
        Port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        _accepting = Task.Run(AcceptAsync);
    }

    public int Port { get; }

    /// <summary>Binds a port, for IPv4 and IPv6 where no address is named, and serves until disposed.</summary>
    /// <exception cref="IOException">The address cannot be bound, or its port is in use.</exception>
    public static Task<FleckListener> StartAsync(JamServerOptions options, Reception reception, TimeProvider time, ILogger log)
    {
        var isDual = options.Address is null && Socket.OSSupportsIPv6;
        var endPoint = new IPEndPoint(options.Address ?? (isDual ? IPAddress.IPv6Any : IPAddress.Any), options.Port);
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (isDual)
                socket.DualMode = true;
            socket.Bind(endPoint);
            socket.Listen(Backlog);
            return Task.FromResult(new FleckListener(socket, reception, time, log));
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException(e.Message, e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _socket.Dispose();
        await using (TimeProvider.System.CreateTimer(_ => AbortAll(), null, s_endWithin, Timeout.InfiniteTimeSpan))
            await Task.WhenAll(_serving.Values);
        // Those that are still in their handshake, and whoever came in at the last moment.
        foreach (var wire in _wires.Keys)
            await wire.DisposeAsync();
        await Task.WhenAll(_serving.Values);
        if (ReferenceEquals(FleckLog.LogAction, _toOurLog))
            FleckLog.LogAction = static (_, _, _) => { };
        _stop.Dispose();
    }

    private void AbortAll()
    {
        foreach (var wire in _wires.Keys)
            wire.Abort();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Begin(new FleckWire(await _socket.AcceptAsync(_stop.Token), _time, Ended));
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // Too many open files, or a client that was gone before it was taken: neither is the end.
                await Task.Delay(s_tryAgain, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Begin(FleckWire wire)
    {
        // Whoever is displaced has begun: this is called for one after the other.
        _wires[wire] = _gate.Enter(IPAddress.TryParse(wire.RemoteIpAddress, out var from) ? from : null, wire.Abort);
        WebSocketConnection? connection = null;
        connection = new WebSocketConnection(
            wire, Take, RequestParser.Parse,
            request => HandlerFactory.BuildHandler(
                request, text => connection!.OnMessage(text), () => connection!.Close(), bytes => connection!.OnBinary(bytes),
                bytes => connection!.OnPing(bytes), bytes => connection!.OnPong(bytes)),
            _ => null);
        connection.StartReceiving();
    }

    private void Ended(FleckWire wire)
    {
        if (_wires.TryRemove(wire, out var standing))
            _gate.Leave(standing);
    }

    /// <summary>Called by Fleck between a handshake's request and its answer, on the wire's read loop.</summary>
    private void Take(IWebSocketConnection client)
    {
        var connection = (WebSocketConnection)client;
        var wire = (FleckWire)connection.Socket;
        if (_wires.TryGetValue(wire, out var standing))
            _gate.Leave(standing);
        var info = client.ConnectionInfo;
        var path = Uri.UnescapeDataString((info.Path ?? "").Split('?')[0]);
        if (Refusal(info, path, wire.RemoteIpAddress) is var (status, reason))
        {
            wire.RefuseWith(Answer(status, reason));
            return;
        }

        var socket = new FleckSocket(connection, wire);
        var noted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _serving[wire] = ServeAsync(connection, wire, socket, path[ConnectionHost.RoomPrefix.Length..], noted.Task);
        noted.SetResult();
    }

    private (int Status, string Reason)? Refusal(IWebSocketConnectionInfo info, string path, string? address)
    {
        if (!path.StartsWith(ConnectionHost.RoomPrefix, StringComparison.Ordinal))
            return (404, "Nothing here. Rooms: /ws/{room}");
        // Fleck speaks older dialects too, whose frames the guard does not know.
        if (!info.Headers.TryGetValue("Sec-WebSocket-Version", out var version) || version != "13")
            return (426, "This is a WebSocket address.");
        return _reception.Enter(path[ConnectionHost.RoomPrefix.Length..], info.Origin, info.Host, address);
    }

    private async Task ServeAsync(WebSocketConnection connection, FleckWire wire, FleckSocket socket, string room, Task noted)
    {
        await noted;
        try
        {
            // In real time, as Kestrel's.
            await using var beat = TimeProvider.System.CreateTimer(_ => wire.Beat(connection.Handler.FramePing([])), null, s_beat, s_beat);
            await _reception.ServeAsync(socket, room, wire.RemoteIpAddress);
        }
#pragma warning disable CA1031 // The root of a connection's task: what goes wrong there ends that connection.
        catch (Exception e)
        {
            HostingLog.FromFleck(_log, LogLevel.Error, "a connection failed", e);
        }
#pragma warning restore CA1031
        finally
        {
            socket.Dispose();
            await wire.DisposeAsync();
            _reception.Leave(wire.RemoteIpAddress);
            _serving.TryRemove(wire, out _);
        }
    }

    private static byte[] Answer(int status, string reason) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"HTTP/1.1 {status} {ReasonPhrases.GetReasonPhrase(status)}\r\nContent-Type: text/plain; charset=utf-8\r\n") +
        $"Content-Length: {Encoding.UTF8.GetByteCount(reason) + 1}\r\nConnection: close\r\n\r\n{reason}\n");

    /// <summary>What Fleck warns of is the everyday end of connections.</summary>
    private void Log(Fleck.LogLevel level, string message, Exception? exception) =>
        HostingLog.FromFleck(_log, level == Fleck.LogLevel.Error ? LogLevel.Warning : LogLevel.Debug, message, exception);
}

/// <summary>A connection of Fleck as the socket that the rooms know.</summary>
internal sealed class FleckSocket : WebSocket
{
    private readonly WebSocketConnection _connection;
    private readonly FleckWire _wire;
    private WebSocketState _state = WebSocketState.Open;
    private ReadOnlyMemory<byte> _rest;
    private bool _isBinary;

    public FleckSocket(WebSocketConnection connection, FleckWire wire)
    {
        (_connection, _wire) = (connection, wire);
        // Neither OnOpen, which the first message may overtake, nor OnClose, which may come twice: the wire knows when the handshake is
        // out, and when Fleck closes it.
        connection.OnMessage = text => wire.Arrived(new Inbound(InboundKind.Text, Encoding.UTF8.GetBytes(text)));
        connection.OnBinary = bytes => wire.Arrived(new Inbound(InboundKind.Binary, bytes));
        connection.OnPing = bytes => wire.Arrived(new Inbound(InboundKind.Ping, bytes));
    }

    public override WebSocketCloseStatus? CloseStatus => null;

    public override string? CloseStatusDescription => null;

    public override WebSocketState State => _state;

    public override string? SubProtocol => null;

    public override async Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken)
    {
        while (_rest.IsEmpty)
        {
            var next = await _wire.NextAsync(cancellationToken);
            switch (next.Kind)
            {
                case InboundKind.Closed:
                    _state = WebSocketState.CloseReceived;
                    return new WebSocketReceiveResult(0, WebSocketMessageType.Close, true);
                case InboundKind.Ping:
                    // Answered here and not where it was read: who does not take the answers is not read from either.
                    await _wire.SendAsync(_connection.Handler.FramePong(next.Bytes), false, cancellationToken);
                    continue;
                default:
                    (_rest, _isBinary) = (next.Bytes, next.Kind == InboundKind.Binary);
                    break;
            }

            if (_rest.IsEmpty)
                return new WebSocketReceiveResult(0, MessageType, true);
        }

        var count = Math.Min(buffer.Count, _rest.Length);
        _rest[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return new WebSocketReceiveResult(count, MessageType, _rest.IsEmpty);
    }

    public override async Task SendAsync(
        ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken)
    {
        if (messageType != WebSocketMessageType.Text || !endOfMessage)
            throw new NotSupportedException("The control protocol speaks in whole texts.");
        await _wire.Opened.WaitAsync(cancellationToken);
        await _wire.SendAsync(_connection.Handler.FrameText(Encoding.UTF8.GetString(buffer)), false, cancellationToken);
    }

    /// <summary>Fleck's own Close shuts the socket at once; the other side's answer is waited for by whoever reads on.</summary>
    public override async Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken)
    {
        await _wire.Opened.WaitAsync(cancellationToken);
        await _wire.SendAsync(_connection.Handler.FrameClose((int)closeStatus), true, cancellationToken);
        _state = WebSocketState.CloseSent;
    }

    public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) =>
        CloseOutputAsync(closeStatus, statusDescription, cancellationToken);

    public override void Abort()
    {
        _state = WebSocketState.Aborted;
        _wire.Abort();
    }

    public override void Dispose() => _wire.Abort();

    private WebSocketMessageType MessageType => _isBinary ? WebSocketMessageType.Binary : WebSocketMessageType.Text;
}

internal static partial class HostingLog
{
    [LoggerMessage(EventId = 20, Message = "Fleck: {What}")]
    public static partial void FromFleck(ILogger logger, LogLevel level, string what, Exception? exception);
}
