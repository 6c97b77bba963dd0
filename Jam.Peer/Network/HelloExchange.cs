using System.Net.WebSockets;
using Jam.Server.Contracts;
using Jam.Server.Hosting;

namespace Jam.Peer.Network;

/// <summary>HELLO and its answer, on a connection that nothing else uses yet.</summary>
internal static class HelloExchange
{
    private static readonly TimeSpan _movingDelay = TimeSpan.FromSeconds(0.1);

    /// <summary>Says HELLO, and again as long as a server of a fleet is about to take the room over.</summary>
    /// <returns>The first answer that says more than that; null where none came, or nonsense.</returns>
    public static async Task<ServerMessage?> SayAsync(
        WebSocket socket, FrameReader frames, Hello hello, RendezvousOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        for (var next = hello; ; next = Later(hello, options.BuildHello()))
        {
            await socket.SendAsync(ControlCodec.Serialize(next), WebSocketMessageType.Text, true, cancellationToken);
            NetworkLog.Sent(options.Log, next);
            var (kind, utf8) = await frames.ReadAsync(cancellationToken);
            var said = kind == FrameKind.Message ? ControlCodec.ParseServer(utf8).Message : null;
            if (said is not null)
                NetworkLog.Received(options.Log, said);
            if (said is not Error { Code: ErrorCodes.Moving, Close: false })
                return said;
            await Task.Delay(_movingDelay, time, cancellationToken);
        }
    }

    // What was measured of this server's clock still holds: it moves on with the old one's. The rest is as it is by now.
    private static Hello Later(Hello first, Hello now) =>
        first.Resume is { SuccessorUs: { } thereUs, RoomTimeUs: { } thenUs } && now.Resume is { RoomTimeUs: { } nowUs } resume
            ? now with { Listen = first.Listen, Resume = resume with { SuccessorUs = thereUs + nowUs - thenUs } }
            : first;
}
