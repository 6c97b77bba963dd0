using System.Net.Sockets;
using Jam.Peer.Network;
using Jam.Peer.Wire;

namespace Jam.Peer.Session.Check;

/// <summary>From what the network said to what the report says. Pure.</summary>
internal static class CheckTexts
{
    // "HTTP/" read as a frame: the fifth byte, '/', stands where the type does.
    private static readonly string HttpAsFrame = $"unknown frame type {(byte)'/'}";

    /// <summary>What answered in place of a peer of the room.</summary>
    public static CheckOutcome OutcomeOfAnswer(string problem) =>
        problem == HttpAsFrame ? CheckOutcome.WebServer
        : problem.StartsWith("this peer is in no room", StringComparison.Ordinal) ? CheckOutcome.SaysNo
        : CheckOutcome.NotAPeer;

    /// <summary>Why the room could not be joined, by a plain connection to its server.</summary>
    public static string OfRendezvous(SocketError? error) => error switch
    {
        null => "its port answers, but no room does",
        SocketError.ConnectionRefused => "nothing listens there",
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "its name is unknown here",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable => "there is no way to it",
        _ => "no answer; a firewall may block its port",
    };

    /// <summary>Whether the other side could dial back.</summary>
    public static ReverseReach ReverseOf(DialBackOutcome? outcome) => outcome switch
    {
        DialBackOutcome.Reached => ReverseReach.Reached,
        DialBackOutcome.Refused => ReverseReach.Refused,
        DialBackOutcome.NoAnswer => ReverseReach.NoAnswer,
        DialBackOutcome.Unreachable => ReverseReach.Unreachable,
        DialBackOutcome.NotAPeer => ReverseReach.NotAPeer,
        _ => ReverseReach.Unknown,
    };

    /// <summary>Round trips, in the order of their answers, to figures; null where there are none.</summary>
    public static RttFigures? Figures(IReadOnlyList<long> rttsUs, int sent)
    {
        if (rttsUs.Count == 0)
            return null;
        var jitter = rttsUs.Count == 1 ? 0 : rttsUs.Zip(rttsUs.Skip(1), (a, b) => Math.Abs(b - a)).Average();
        var sorted = rttsUs.Order().ToArray();
        return new RttFigures(
            sent, Math.Max(0, sent - rttsUs.Count), sorted[0], sorted[sorted.Length / 2], sorted[(int)Math.Ceiling(0.95 * sorted.Length) - 1], (long)jitter);
    }

    /// <summary>A transfer to figures.</summary>
    public static TransferFigures Figures(TransferCount count, int chunks, int size) => new(
        chunks, size, count.Good, count.Bad, count.Declined, count.GoodBytes == 0 ? 0 : count.GoodBytes * 1e6 / Math.Max(1, count.TookUs));
}
