using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Jam.Server.Contracts;

namespace Jam.Tests.Server;

/// <summary>A connection whose bytes a test writes itself, behind a handshake that is made by hand.</summary>
internal sealed class RawWebSocket : IDisposable
{
    private readonly Socket _socket;
    private readonly NetworkStream _stream;

    private RawWebSocket(Socket socket) => (_socket, _stream) = (socket, new NetworkStream(socket));

    public static async Task<RawWebSocket> ConnectAsync(int port, CancellationToken ct, int? receiveBufferBytes = null, string room = "jam")
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        // Before it connects: the window is agreed on then.
        if (receiveBufferBytes is { } bytes)
            socket.ReceiveBufferSize = bytes;
        await socket.ConnectAsync(IPAddress.Loopback, port, ct);
        var raw = new RawWebSocket(socket);
        await raw.SendAsync(
            Encoding.ASCII.GetBytes(
                $"GET /ws/{room} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"), ct);
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            head.Append((char)(await raw.ReadAsync(1, ct))[0]);
        if (!head.ToString().StartsWith("HTTP/1.1 101", StringComparison.Ordinal) || !head.ToString().Contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
            throw new InvalidOperationException($"No handshake: {head}");
        return raw;
    }

    /// <summary>The rest of it as a WebSocket.</summary>
    public WebSocket AsWebSocket() => WebSocket.CreateFromStream(_stream, new WebSocketCreationOptions { KeepAliveInterval = TimeSpan.Zero });

    public async Task SendAsync(byte[] bytes, CancellationToken ct) => await _stream.WriteAsync(bytes, ct);

    public async Task<byte[]> ReadAsync(int count, CancellationToken ct)
    {
        var bytes = new byte[count];
        await _stream.ReadExactlyAsync(bytes, ct);
        return bytes;
    }

    /// <summary>Reads until the other side has ended the connection, one way or the other.</summary>
    public Task ReadToEndAsync(CancellationToken ct) => ReadToEndAsync(_stream, ct);

    /// <summary>Reads a stream until the other side has ended it, one way or the other.</summary>
    public static async Task ReadToEndAsync(Stream stream, CancellationToken ct)
    {
        try
        {
            await stream.CopyToAsync(Stream.Null, ct);
        }
        catch (IOException)
        {
            // Reset: that is an end, too.
        }
    }

    /// <summary>Reads to the end; the code of the last ERROR before it.</summary>
    public static async Task<string?> LastErrorAsync(WebSocket socket, CancellationToken ct)
    {
        string? code = null;
        var buffer = new byte[Limits.MaxMessageBytes];
        while (await socket.ReceiveAsync(buffer.AsMemory(), ct) is { MessageType: WebSocketMessageType.Text } received)
            code = ControlCodec.ParseServer(buffer.AsMemory(0, received.Count)).Message is Error error ? error.Code : code;
        return code;
    }

    /// <summary>Says something; false once the server has closed.</summary>
    public static async Task<bool> TrySayAsync(WebSocket socket, ClientMessage message, CancellationToken ct)
    {
        try
        {
            await socket.SendAsync(ControlCodec.Serialize(message), WebSocketMessageType.Text, true, ct);
            return true;
        }
        catch (Exception e) when (e is WebSocketException or IOException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }
}
