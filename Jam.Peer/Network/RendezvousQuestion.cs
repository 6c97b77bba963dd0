using System.Net.Sockets;
using System.Net.WebSockets;
using Jam.Server.Contracts;
using Jam.Server.Hosting;

namespace Jam.Peer.Network;

/// <summary>Asks a server where it thinks that the room is, without joining it.</summary>
internal static class RendezvousQuestion
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    /// <summary>Asks, and tells what is known here.</summary>
    /// <returns>The answer; null where nobody answered, or something that does not know the question.</returns>
    public static async Task<Rendezvous?> AskAsync(Uri url, Rendezvous told, TimeProvider time, CancellationToken cancellationToken, TlsTrust? trust = null)
    {
        using var timer = new CancellationTokenSource(_patience, time);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        using var socket = new ClientWebSocket();
        using var frames = new FrameReader(socket);
        socket.Options.Proxy = null;
        trust?.Apply(socket.Options);
        try
        {
            await socket.ConnectAsync(url, patience.Token);
            await socket.SendAsync(ControlCodec.Serialize(new TellRendezvous(told)), WebSocketMessageType.Text, true, patience.Token);
            var (kind, utf8) = await frames.ReadAsync(patience.Token);
            return kind == FrameKind.Message ? ControlCodec.ParseServer(utf8).Message as Rendezvous : null;
        }
        catch (Exception e) when (e is WebSocketException or IOException or SocketException or HttpRequestException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }
}
