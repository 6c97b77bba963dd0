using System.Net.WebSockets;

namespace Jam.Tests.Fakes;

/// <summary>A socket whose other side neither sends nor reads until released. Keeps what was sent.</summary>
internal sealed class StuckWebSocket : WebSocket
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stuck = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<byte[]> _incoming = new();

    /// <summary>Everything that got through, in order.</summary>
    public List<byte[]> Sent { get; } = [];

    /// <summary>Ends once someone waits in a send.</summary>
    public Task Stuck => _stuck.Task;

    public bool IsAborted { get; private set; }

    public override WebSocketCloseStatus? CloseStatus { get; }

    public override string? CloseStatusDescription => null;

    public override WebSocketState State => IsAborted ? WebSocketState.Aborted : WebSocketState.Open;

    public override string? SubProtocol => null;

    /// <summary>What the other side says first.</summary>
    public void Say(byte[] message) => _incoming.Enqueue(message);

    /// <summary>The other side reads again.</summary>
    public void Release() => _released.TrySetResult();

    public override async Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken)
    {
        _stuck.TrySetResult();
        await _released.Task.WaitAsync(cancellationToken);
        Sent.Add(buffer.ToArray());
    }

    public override async Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken)
    {
        if (_incoming.TryDequeue(out var message))
        {
            message.CopyTo(buffer.AsSpan());
            return new WebSocketReceiveResult(message.Length, WebSocketMessageType.Text, true);
        }

        await _ended.Task.WaitAsync(cancellationToken);
        return new WebSocketReceiveResult(0, WebSocketMessageType.Close, true);
    }

    public override void Abort()
    {
        IsAborted = true;
        _ended.TrySetResult();
    }

    public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) =>
        CloseOutputAsync(closeStatus, statusDescription, cancellationToken);

    public override Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken)
    {
        _ended.TrySetResult();
        return Task.CompletedTask;
    }

    public override void Dispose()
    {
    }
}
