using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Jam.Server.Hosting;

/// <summary>
/// A WebSocket of Kestrel's whose messages go to the system's socket by the thread that sends them. On their usual way each would be copied
/// through a pipe and wake a loop of its own on another thread, which is most of what a message to thousands costs. What comes in, pings and
/// the closing handshake are the framework's.
/// </summary>
internal sealed class DirectWebSocket : WebSocket
{
    private readonly HttpContext _context;
    private readonly DirectWire _wire;
    private readonly WebSocket _frames;

    private DirectWebSocket(HttpContext context, DirectWire wire, WebSocketOptions options)
    {
        (_context, _wire) = (context, wire);
        _frames = CreateFromStream(wire, new WebSocketCreationOptions
        {
            IsServer = true, KeepAliveInterval = options.KeepAliveInterval, KeepAliveTimeout = options.KeepAliveTimeout,
        });
    }

    /// <summary>When to ping, and how long to wait for the pong.</summary>
    public readonly record struct WebSocketOptions(TimeSpan KeepAliveInterval, TimeSpan KeepAliveTimeout);

    public override WebSocketCloseStatus? CloseStatus => _frames.CloseStatus;

    public override string? CloseStatusDescription => _frames.CloseStatusDescription;

    public override WebSocketState State => _frames.State;

    public override string? SubProtocol => null;

    /// <summary>
    /// Takes a request for a WebSocket. A connection that is encrypted, or that no socket is known of, gets the framework's own.
    /// </summary>
    public static async Task<WebSocket> AcceptAsync(HttpContext context, WebSocketOptions options)
    {
        if (context.Request.IsHttps || context.Features.Get<IConnectionSocketFeature>() is not { Socket: var socket }
            || context.Features.Get<IHttpUpgradeFeature>() is not { } upgrade)
            return await context.WebSockets.AcceptWebSocketAsync();
        var headers = context.Response.Headers;
        (headers.Connection, headers.Upgrade) = ("Upgrade", "websocket");
        headers.SecWebSocketAccept = Accept(context.Request.Headers.SecWebSocketKey.ToString());
        // Its bytes may still be on their way to the socket. A client says nothing before it has them (RFC 6455, 4.1), and nothing is said
        // to it before it has said HELLO.
        var incoming = await upgrade.UpgradeAsync();
        return new DirectWebSocket(context, new DirectWire(incoming, socket), options);
    }

    public override ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
        _frames.ReceiveAsync(buffer, cancellationToken);

    public override Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken) =>
        _frames.ReceiveAsync(buffer, cancellationToken);

    /// <summary>Completes at once, and allocates nothing, where the system takes all of it at once.</summary>
    public override ValueTask SendAsync(
        ReadOnlyMemory<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken)
    {
        if (messageType != WebSocketMessageType.Text || !endOfMessage)
            throw new NotSupportedException("The control protocol speaks in whole texts.");
        return _wire.SendTextAsync(buffer.Span, cancellationToken);
    }

    /// <summary>As that, of several messages at once.</summary>
    public ValueTask SendTogetherAsync(byte[] first, byte[][] behind, CancellationToken cancellationToken) =>
        _wire.SendTextsAsync(first, behind, cancellationToken);

    public override Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken) =>
        SendAsync(buffer.AsMemory(), messageType, endOfMessage, cancellationToken).AsTask();

    public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) =>
        _frames.CloseAsync(closeStatus, statusDescription, cancellationToken);

    public override Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) =>
        _frames.CloseOutputAsync(closeStatus, statusDescription, cancellationToken);

    public override void Abort()
    {
        // A send may hang in the socket: only its end ends that.
        _context.Abort();
        _frames.Abort();
    }

    public override void Dispose() => _frames.Dispose();

    /// <summary>The answer to a client's key (RFC 6455, section 4.2.2).</summary>
#pragma warning disable CA5350 // The standard's own choice; it protects nothing.
    private static string Accept(string key) =>
        Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key.Trim() + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
}

/// <summary>
/// Bytes in from Kestrel, bytes out to the socket itself. Sends are whole and in order, whoever they come from: messages, and the frames by
/// which the framework answers pings and closes.
/// </summary>
internal sealed class DirectWire : Stream
{
    private const int MostHeaderBytes = 10;

    private readonly Stream _incoming;
    private readonly Socket _socket;
    private readonly Lock _gate = new();
    private Task _sending = Task.CompletedTask;
    private int _waiting;
    private bool _isBroken;

    public DirectWire(Stream incoming, Socket socket)
    {
        (_incoming, _socket) = (incoming, socket);
        socket.Blocking = false;
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Sends a text in one frame (RFC 6455, section 5.2). Completes at once where the system takes all of it at once.</summary>
    public ValueTask SendTextAsync(ReadOnlySpan<byte> utf8, CancellationToken cancellationToken)
    {
        var frame = ArrayPool<byte>.Shared.Rent(utf8.Length + MostHeaderBytes);
        var length = WriteHeader(frame, utf8.Length);
        utf8.CopyTo(frame.AsSpan(length));
        return SendRentedAsync(frame, length + utf8.Length, cancellationToken);
    }

    /// <summary>Sends texts in a frame each, with one call of the system where that takes all of them.</summary>
    public ValueTask SendTextsAsync(byte[] first, byte[][] behind, CancellationToken cancellationToken)
    {
        var frames = ArrayPool<byte>.Shared.Rent(behind.Sum(utf8 => utf8.Length + MostHeaderBytes) + first.Length + MostHeaderBytes);
        var length = Append(first, 0);
        foreach (var utf8 in behind)
            length = Append(utf8, length);
        return SendRentedAsync(frames, length, cancellationToken);

        int Append(byte[] utf8, int at)
        {
            at += WriteHeader(frames.AsSpan(at), utf8.Length);
            utf8.CopyTo(frames, at);
            return at + utf8.Length;
        }
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var copy = ArrayPool<byte>.Shared.Rent(buffer.Length);
        buffer.CopyTo(copy);
        return SendRentedAsync(copy, buffer.Length, cancellationToken);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _incoming.ReadAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _incoming.Dispose();
        base.Dispose(disposing);
    }

    private static int WriteHeader(Span<byte> frame, int length)
    {
        frame[0] = 0x81;
        switch (length)
        {
            case < 126:
                frame[1] = (byte)length;
                return 2;
            case <= ushort.MaxValue:
                frame[1] = 126;
                BinaryPrimitives.WriteUInt16BigEndian(frame[2..], (ushort)length);
                return 4;
            default:
                frame[1] = 127;
                BinaryPrimitives.WriteInt64BigEndian(frame[2..], length);
                return MostHeaderBytes;
        }
    }

    /// <summary>Sends what a rented buffer begins with, and gives the buffer back.</summary>
    private ValueTask SendRentedAsync(byte[] rented, int length, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var from = 0;
            if (_waiting == 0)
            {
                from = TrySend(rented.AsSpan(0, length));
                if (from == length || _isBroken)
                {
                    ArrayPool<byte>.Shared.Return(rented);
                    return _isBroken ? ValueTask.FromException(new IOException("The connection is gone.")) : ValueTask.CompletedTask;
                }
            }

            _waiting++;
            _sending = FinishAsync(_sending, rented, from, length);
            return new ValueTask(_sending.WaitAsync(cancellationToken));
        }
    }

    private int TrySend(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var sent = _socket.Send(bytes, SocketFlags.None, out var error);
            _isBroken |= error is not (SocketError.Success or SocketError.WouldBlock);
            return error == SocketError.Success ? sent : 0;
        }
        catch (ObjectDisposedException)
        {
            _isBroken = true;
            return 0;
        }
    }

    private async Task FinishAsync(Task before, byte[] rented, int from, int length)
    {
        try
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
            while (from < length && !_isBroken)
                from += await _socket.SendAsync(rented.AsMemory(from..length), SocketFlags.None);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            _isBroken = true;
        }

        ArrayPool<byte>.Shared.Return(rented);
        lock (_gate)
            _waiting--;
        if (_isBroken)
            throw new IOException("The connection is gone.");
    }
}
