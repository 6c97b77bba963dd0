using System.Net.WebSockets;
using Jam.Peer.Clock;
using Jam.Server.Contracts;
using Jam.Server.Hosting;

namespace Jam.Peer.Network;

/// <summary>
/// Where the music is on a successor's clock. HELLO alone would say so only as exactly as it travels, and the first message to a
/// server that has just started can take a tenth of a second; so the successor's clock is probed before HELLO.
/// </summary>
internal static class ResumePoint
{
    private const int Probes = 8;

    /// <summary>HELLO, with the successor's clock beside the old one's where it resumes under a new authority.</summary>
    public static async Task<Hello> AddAsync(
        WebSocket socket, FrameReader frames, Func<Hello> buildHello, RoomClockEstimator clock, Lock clockGate, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var early = buildHello();
        if (early.Resume is not { Timeline.ClockId: var oldClockId })
            return early;
        var (bestRttUs, offsetUs) = (long.MaxValue, 0L);
        for (var i = 0; i < Probes; i++)
        {
            var t1Us = time.NowUs();
            var (answer, t4Us) = await ProbeAsync(t1Us, socket, frames, time, cancellationToken);
            // A server that does not answer probes before HELLO, or is the one we come from.
            if (answer is null || answer.ClockId == oldClockId)
                return buildHello();
            var rttUs = t4Us - t1Us - (answer.T3Us - answer.T2Us);
            if (rttUs < bestRttUs)
                (bestRttUs, offsetUs) = (rttUs, (answer.T2Us - t1Us + answer.T3Us - t4Us) / 2);
        }

        var hello = buildHello();
        if (hello.Resume is not { RoomTimeUs: { } roomTimeUs } resume)
            return hello;
        double localUs;
        lock (clockGate)
            localUs = clock.Snapshot.ToLocalUs(roomTimeUs);
        return hello with { Resume = resume with { SuccessorUs = (long)localUs + offsetUs } };
    }

    /// <summary>Whether a certain authority is at the other end. One that does not answer before HELLO is another.</summary>
    public static async Task<bool> IsOfAsync(Guid authority, WebSocket socket, FrameReader frames, TimeProvider time, CancellationToken cancellationToken) =>
        (await ProbeAsync(time.NowUs(), socket, frames, time, cancellationToken)).Answer?.ClockId == authority;

    private static async Task<(SyncResponse? Answer, long T4Us)> ProbeAsync(
        long t1Us, WebSocket socket, FrameReader frames, TimeProvider time, CancellationToken cancellationToken)
    {
        await socket.SendAsync(ControlCodec.Serialize(new SyncRequest(t1Us)), WebSocketMessageType.Text, true, cancellationToken);
        var (kind, utf8) = await frames.ReadAsync(cancellationToken);
        var t4Us = time.NowUs();
        return (kind == FrameKind.Message ? ControlCodec.ParseServer(utf8).Message as SyncResponse : null, t4Us);
    }
}
