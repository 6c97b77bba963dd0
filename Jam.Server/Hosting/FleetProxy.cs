using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Jam.Server.Contracts;

namespace Jam.Server.Hosting;

/// <summary>Passes frames on between a client and the server that keeps its room. Nothing is queued: each side waits for the other.</summary>
internal static class FleetProxy
{
    private static readonly TimeSpan _closeWithin = TimeSpan.FromSeconds(2);

    /// <summary>Passes on until either side ends.</summary>
    /// <param name="client">The client.</param>
    /// <param name="owner">The room at its owner.</param>
    /// <param name="address">The client's own address, which the owner would not see.</param>
    /// <param name="tell">Told why the owner cannot be reached from here; null: it can.</param>
    /// <param name="time">For waits.</param>
    /// <param name="stopping">Ends it.</param>
    public static async Task PassOnAsync(WebSocket client, Uri owner, string? address, Action<string?> tell, TimeProvider time, CancellationToken stopping)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        using var server = new ClientWebSocket();
        server.Options.Proxy = null;
        server.Options.KeepAliveInterval = TimeSpan.FromSeconds(2);
        server.Options.KeepAliveTimeout = TimeSpan.FromSeconds(3);
        try
        {
            using (var patience = CancellationTokenSource.CreateLinkedTokenSource(ending.Token))
            {
                patience.CancelAfter(_closeWithin);
                await server.ConnectAsync(owner, patience.Token);
            }

            tell(null);

            var up = PumpAsync(client, server, new HelloRewriter(address), ending.Token);
            var down = PumpAsync(server, client, null, ending.Token);
            await Task.WhenAny(up, down);
            // What one side said last is on its way to the other; the rest has a moment.
            ending.CancelAfter(_closeWithin);
            await Task.WhenAll(up, down);
        }
        catch (Exception e) when (IsGone(e))
        {
            if (!stopping.IsCancellationRequested)
                tell(e is OperationCanceledException ? $"no answer within {_closeWithin.TotalSeconds:0} s" : e.GetBaseException().Message);
            // The owner is not there: the client asks again, and is told where the room is by then.
            var moving = new Error(ErrorCodes.Moving, "the room's server does not answer; ask again in a moment", true);
            await SayLastAsync(client, ControlCodec.Serialize(moving), time);
        }
    }

    private static async Task PumpAsync(WebSocket from, WebSocket to, HelloRewriter? rewriter, CancellationToken cancellationToken)
    {
        using var frames = new FrameReader(from);
        try
        {
            while (true)
            {
                var (kind, message) = await frames.ReadAsync(cancellationToken);
                if (kind != FrameKind.Message)
                    break;
                await to.SendAsync(rewriter?.Pass(message) ?? message, WebSocketMessageType.Text, true, cancellationToken);
            }

            await to.CloseOutputAsync(from.CloseStatus ?? WebSocketCloseStatus.PolicyViolation, null, cancellationToken);
        }
        catch (Exception e) when (IsGone(e))
        {
            to.Abort();
        }
    }

    private static async Task SayLastAsync(WebSocket client, byte[] utf8, TimeProvider time)
    {
        using var patience = new CancellationTokenSource(_closeWithin, time);
        try
        {
            await client.SendAsync(utf8, WebSocketMessageType.Text, true, patience.Token);
            await client.CloseAsync(WebSocketCloseStatus.PolicyViolation, null, patience.Token);
        }
        catch (Exception e) when (IsGone(e))
        {
            client.Abort();
        }
    }

    private static bool IsGone(Exception e) =>
        e is WebSocketException or IOException or SocketException or HttpRequestException or OperationCanceledException or ObjectDisposedException or InvalidOperationException;

    /// <summary>HELLO asks the server to add the address that it sees the client come from: here only this one sees it.</summary>
    private sealed class HelloRewriter(string? address)
    {
        private bool _isDone;

        public ReadOnlyMemory<byte>? Pass(ReadOnlyMemory<byte> utf8)
        {
            if (_isDone || ControlCodec.ParseClient(utf8).Message is not Hello hello)
                return null;
            _isDone = true;
            if (hello.ListenPort is not { } port || !IPAddress.TryParse(address, out var seen))
                return null;
            var listen = hello.Listen ?? [];
            var here = new IPEndPoint(seen, port).ToString();
            // As the room's own rule has it: loopback only where nothing better is known.
            if ((!IPAddress.IsLoopback(seen) || listen.Count == 0) && !listen.Contains(here) && listen.Count < Limits.MaxAddresses)
                listen = [.. listen, here];
            return ControlCodec.Serialize(hello with { Listen = listen, ListenPort = null });
        }
    }
}
