using System.Buffers;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using Jam.Server.Contracts;

namespace Jam.Server.Hosting;

/// <summary>What <see cref="FrameReader"/> found.</summary>
internal enum FrameKind
{
    /// <summary>A whole message.</summary>
    Message,

    /// <summary>A message beyond the cap; the rest of it was not read.</summary>
    TooLarge,

    /// <summary>The other side closes.</summary>
    Closed,
}

/// <summary>
/// Reads whole messages from a WebSocket into one buffer that grows up to the cap and no further. What it returns is valid until the next
/// call. On a socket that can wait without a buffer it has none while nothing comes.
/// </summary>
internal sealed class FrameReader(WebSocket socket) : IDisposable
{
    private const int InitialBytes = 2 * 1024;

    private byte[] _buffer = [];

    // What it waits with is used again for the next message.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<(FrameKind Kind, ReadOnlyMemory<byte> Message)> ReadAsync(CancellationToken cancellationToken)
    {
        if (socket is DirectWebSocket)
        {
            Dispose();
            var sign = await socket.ReceiveAsync(Memory<byte>.Empty, cancellationToken);
            if (sign.MessageType == WebSocketMessageType.Close)
                return (FrameKind.Closed, default);
            if (sign.EndOfMessage)
                return (FrameKind.Message, default);
        }

        if (_buffer.Length == 0)
            _buffer = ArrayPool<byte>.Shared.Rent(InitialBytes);
        var length = 0;
        while (true)
        {
            if (length == _buffer.Length)
                Grow();
            // One byte more than the cap tells a message of exactly the cap from one beyond it.
            var space = Math.Min(_buffer.Length, Limits.MaxMessageBytes + 1) - length;
            var received = await socket.ReceiveAsync(_buffer.AsMemory(length, space), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close)
                return (FrameKind.Closed, default);
            length += received.Count;
            if (length > Limits.MaxMessageBytes)
                return (FrameKind.TooLarge, default);
            if (received.EndOfMessage)
                return (FrameKind.Message, _buffer.AsMemory(0, length));
        }
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
            ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private void Grow()
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(_buffer.Length * 2, Limits.MaxMessageBytes * 2));
        _buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
