using System.Net.WebSockets;
using System.Runtime.InteropServices;

namespace Jam.Tests.Fakes;

/// <summary>A socket that takes everything at once and keeps none of it but the array in which the last message came. Nothing comes in.</summary>
internal sealed class SinkWebSocket : WebSocket
{
    /// <summary>The sender's own array, not a copy.</summary>
    public byte[]? Last { get; private set; }

    public int Count { get; private set; }

    /// <summary>Called with each message while it is sent; null: nobody is.</summary>
    public Action? OnSend { get; set; }

    public override WebSocketCloseStatus? CloseStatus => null;

    public override string? CloseStatusDescription => null;

    public override WebSocketState State => WebSocketState.Open;

    public override string? SubProtocol => null;

    public override ValueTask SendAsync(
        ReadOnlyMemory<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken)
    {
        Last = MemoryMarshal.TryGetArray(buffer, out var segment) ? segment.Array : null;
        Count++;
        OnSend?.Invoke();
        return ValueTask.CompletedTask;
    }

    public override Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken) =>
        SendAsync(buffer.AsMemory(), messageType, endOfMessage, cancellationToken).AsTask();

    public override Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) => Task.CompletedTask;

    public override Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Abort()
    {
    }

    public override void Dispose()
    {
    }
}
