using System.Net.WebSockets;
using System.Text;
using Jam.Server.Contracts;

namespace Jam.Tests.Server;

/// <summary>A bare client for tests: text out, messages in, nothing hidden.</summary>
internal sealed class WebSocketClient : IDisposable
{
    private readonly byte[] _buffer = new byte[Limits.MaxMessageBytes];

    private WebSocketClient(ClientWebSocket socket) => Socket = socket;

    public ClientWebSocket Socket { get; }

    public static async Task<WebSocketClient> ConnectAsync(
        int port, CancellationToken cancellationToken, string room = "jam", string? origin = null, string host = "127.0.0.1")
    {
        var socket = new ClientWebSocket();
        if (origin is not null)
            socket.Options.SetRequestHeader("Origin", origin);
        try
        {
            await socket.ConnectAsync(new Uri($"ws://{host}:{port}/ws/{room}"), cancellationToken);
        }
        catch (WebSocketException)
        {
            socket.Dispose();
            throw;
        }

        return new WebSocketClient(socket);
    }

    /// <summary>Connects, says HELLO and reads up to its own first SNAPSHOT.</summary>
    public static async Task<WebSocketClient> JoinAsync(
        int port, Role role, string name, CancellationToken cancellationToken, string room = "jam")
    {
        var client = await ConnectAsync(port, cancellationToken, room);
        await client.SayAsync(new Hello(role, name), cancellationToken);
        await client.NextAsync<Snapshot>(cancellationToken);
        return client;
    }

    public Task SayAsync(ClientMessage message, CancellationToken cancellationToken) =>
        Socket.SendAsync(ControlCodec.Serialize(message), WebSocketMessageType.Text, true, cancellationToken);

    public Task SayAsync(string text, CancellationToken cancellationToken) =>
        Socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, cancellationToken);

    /// <summary>The next message as text; null once the other side has closed.</summary>
    public async Task<string?> NextTextAsync(CancellationToken cancellationToken)
    {
        var length = 0;
        while (true)
        {
            var received = await Socket.ReceiveAsync(_buffer.AsMemory(length), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
                return null;
            length += received.Count;
            if (received.EndOfMessage)
                return Encoding.UTF8.GetString(_buffer, 0, length);
        }
    }

    /// <summary>The next message; null once the other side has closed.</summary>
    public async Task<ServerMessage?> NextAsync(CancellationToken cancellationToken) =>
        await NextTextAsync(cancellationToken) is { } text ? ControlCodec.ParseServer(Encoding.UTF8.GetBytes(text)).Message : null;

    /// <summary>The next message of a kind; those before it are skipped.</summary>
    public async Task<T> NextAsync<T>(CancellationToken cancellationToken)
        where T : ServerMessage
    {
        Error? error = null;
        while (true)
        {
            switch (await NextAsync(cancellationToken))
            {
                case T wanted:
                    return wanted;
                case Error other:
                    error = other;
                    break;
                case null:
                    throw new InvalidOperationException($"closed before a {typeof(T).Name} came: {error?.Code ?? Socket.CloseStatus?.ToString()}");
            }
        }
    }

    /// <summary>Reads to the end; the code of the last ERROR before it.</summary>
    public async Task<string?> LastErrorAsync(CancellationToken cancellationToken)
    {
        string? code = null;
        while (await NextTextAsync(cancellationToken) is { } text)
        {
            if (ControlCodec.ParseServer(Encoding.UTF8.GetBytes(text)).Message is Error error)
                code = error.Code;
        }

        return code;
    }

    public void Dispose() => Socket.Dispose();
}
