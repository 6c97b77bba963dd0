using System.Globalization;

namespace Jam.Peer.Session.Check;

/// <summary>What a report means and what to do about it, in plain words. Pure.</summary>
public static class CheckWords
{
    // What an MP3 of 320 kbit/s needs, with a fifth to spare.
    private const double EnoughBytesPerSecond = 48_000;
    private const long UnevenUs = 30_000;

    /// <summary>The figures, a line each.</summary>
    public static IEnumerable<string> Figures(CheckReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (report.Connects is { } connects)
        {
            yield return connects.MedianUs is { } median
                ? $"connect      {connects.Tries - connects.Failed} of {connects.Tries}, {Ms(median)}"
                : $"connect      0 of {connects.Tries}";
        }

        if (report.Room is not null)
            yield return $"room         {report.Room}, rendezvous {report.Rendezvous ?? "unknown"}";
        if (report.Rtt is { } rtt)
        {
            yield return $"round trip   {Ms(rtt.MedianUs)} median, {Ms(rtt.MinUs)} least, {Ms(rtt.P95Us)} p95, jitter {Ms(rtt.JitterUs)}, " +
                $"{rtt.Lost} of {rtt.Sent} lost" + (report.Retransmits is { } again ? $", {again} packets sent again" : "");
        }

        if (report.Down is { } down)
            yield return $"from there   {Transfer(down)}";
        if (report.Up is { } up)
            yield return $"to there     {Transfer(up)}";
        if (report.Rtt is not null)
            yield return $"dialled back {Reverse(report.Reverse)}";
    }

    /// <summary>What it comes to, in one sentence.</summary>
    public static string Verdict(CheckReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return report.Outcome switch
        {
            CheckOutcome.Ok when report.Reverse == ReverseReach.Reached => $"{report.Peer} and this machine reach each other, both ways.",
            CheckOutcome.Ok => $"{report.Peer} can be reached; it cannot be seen to reach this machine by itself.",
            CheckOutcome.NoSuchHost => $"There is no machine of that name: {report.Peer}.",
            CheckOutcome.Refused => $"The machine answers, but nothing listens at {report.Peer}.",
            CheckOutcome.NoAnswer when report.Proximity == Proximity.SameNetwork =>
                $"No answer from {report.Peer}, though it is on this machine's own network.",
            CheckOutcome.NoAnswer => $"No answer from {report.Peer}.",
            CheckOutcome.Unreachable => $"There is no way from here to {report.Peer}.",
            CheckOutcome.NotAPeer => $"Something listens at {report.Peer}, but it is no SwarmJam peer.",
            CheckOutcome.WebServer => $"A web server listens at {report.Peer}, not a peer; it may be the room's rendezvous.",
            CheckOutcome.SaysNo => $"A SwarmJam peer answers at {report.Peer}, but says no: {report.Detail}.",
            CheckOutcome.RendezvousBlocked =>
                $"{report.Peer} can be reached, but its room's rendezvous cannot ({report.Rendezvous ?? "it names none"}): {report.Detail}.",
            CheckOutcome.Broken => $"The connection to {report.Peer} does not hold: {report.Detail}.",
            _ => throw new ArgumentOutOfRangeException(nameof(report), report.Outcome, "no such outcome"),
        };
    }

    /// <summary>What to do, a line each, the likeliest first; none where all is well.</summary>
    public static IEnumerable<string> Advice(CheckReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return report.Outcome switch
        {
            CheckOutcome.Ok => Quality(report),
            CheckOutcome.NoSuchHost => ["Check the spelling, or type the address that the other peer shows when it starts."],
            CheckOutcome.Refused =>
            [
                "Is SwarmJam running there? A host prints the line to type, with its address and its port (9003 unless --listen-port says otherwise).",
                $"If it runs, a firewall there may refuse; allow TCP port {Port(report)} (with ufw: sudo ufw allow {Port(report)}/tcp).",
                "Or the address belongs to another machine: compare it with the one that the host prints.",
            ],
            CheckOutcome.NoAnswer or CheckOutcome.Unreachable => Blocked(report),
            CheckOutcome.NotAPeer => ["Wrong port or wrong machine: type the line that the host prints. The peer port is 9003 unless --listen-port says otherwise."],
            CheckOutcome.WebServer => ["Type the peer port (9003 unless --listen-port says otherwise), not the server's (8000)."],
            CheckOutcome.SaysNo => ["Try again in a moment; if it stays so, both sides may not run the same release."],
            CheckOutcome.RendezvousBlocked =>
            [
                "Commands and the clock come from the rendezvous: allow its TCP port on that machine too (8000 unless --server-port says otherwise).",
                $"Where that cannot be, run the server where everyone reaches it: {ProgramName.Typed} server, then --server ws://that.machine:8000 for all.",
            ],
            CheckOutcome.Broken =>
            [
                "Run it again: on Wi-Fi, nearer to the access point, or by cable.",
                "If it breaks every time after a moment, something on the way (a VPN, a proxy, a firewall) cuts connections.",
            ],
            _ => throw new ArgumentOutOfRangeException(nameof(report), report.Outcome, "no such outcome"),
        };
    }

    private static IEnumerable<string> Blocked(CheckReport report) => report.Proximity switch
    {
        Proximity.SameMachine => ["That is this machine itself: a firewall here drops the connection, or the address is none of its own any more."],
        Proximity.SameNetwork =>
        [
            "Client isolation: campus and guest Wi-Fi often keep their clients apart. If other devices of this network do not answer a ping " +
                "either, that is it; use a cable, a hotspot, or a network without it.",
            $"A firewall on that machine: allow TCP port {Port(report)} there (with ufw: sudo ufw allow {Port(report)}/tcp).",
            "The wrong address, or the machine sleeps: compare with the line that the host prints.",
        ],
        Proximity.OtherPrivateNetwork =>
        [
            "The wrong network: this is a private address of a network that this machine is not in. Both must be in the same one, or in the same VPN.",
            $"Or the router between the networks keeps them apart: it, or a firewall, must let TCP port {Port(report)} through.",
        ],
        _ =>
        [
            $"A firewall or a router's NAT on the other side: TCP port {Port(report)} must be open, or forwarded to that machine.",
            "The wrong address, or the machine is off: compare with the line that the host prints.",
            "Where nothing can be opened there, let the other side connect to this machine instead.",
        ],
    };

    private static IEnumerable<string> Quality(CheckReport report)
    {
        if (report.Reverse is ReverseReach.NoAnswer or ReverseReach.Refused or ReverseReach.Unreachable or ReverseReach.NotAPeer)
        {
            yield return "That machine cannot dial this one: a firewall here, a NAT, or a network that lets connections out only. It works all the " +
                "same over the connections that this machine opens; two such machines get each other's chunks through a third.";
        }

        if (report.Connects is { Failed: > 0 } connects)
            yield return $"{connects.Failed} of {connects.Tries} connections failed: the network loses packets, or a firewall limits connections.";
        if (report.Rtt is { } rtt && (rtt.JitterUs > UnevenUs || rtt.P95Us > rtt.MinUs + 5 * UnevenUs))
            yield return "The delay is uneven, as on busy Wi-Fi; playing stays in time, but a cable or 5 GHz would start faster.";
        if (report.Rtt is { Lost: > 0 } || report.Retransmits > 1)
            yield return "Packets get lost on the way and are sent again.";
        if (report.Down is { Declined: 0, BytesPerSecond: < EnoughBytesPerSecond and > 0 })
            yield return "What comes from there is too slow for a 320 kbit/s MP3 from this peer alone; more peers add up.";
        if (report.Up is { Declined: 0, BytesPerSecond: < EnoughBytesPerSecond and > 0 })
            yield return "This machine's uplink is too slow to relay a 320 kbit/s MP3.";
    }

    private static string Transfer(TransferFigures figures) =>
        string.Create(CultureInfo.InvariantCulture, $"{figures.BytesPerSecond / 1e6:0.00} MB/s ({figures.BytesPerSecond * 8 / 1e6:0.0} Mbit/s), ")
        + $"{figures.Good} of {figures.Chunks} chunks of {figures.ChunkSizeBytes} bytes verified"
        + (figures.Bad > 0 ? $", {figures.Bad} damaged" : "")
        + (figures.Declined > 0 ? $", {figures.Declined} declined by its limits" : "");

    private static string Reverse(ReverseReach reach) => reach switch
    {
        ReverseReach.Reached => "yes",
        ReverseReach.Refused => "no: refused",
        ReverseReach.NoAnswer => "no: no answer",
        ReverseReach.Unreachable => "no: it knows no way here",
        ReverseReach.NotAPeer => "no: something else answered",
        _ => "not tried",
    };

    private static string Ms(long us) => string.Create(CultureInfo.InvariantCulture, $"{us / 1000.0:0.0} ms");

    private static string Port(CheckReport report) => report.Peer[(report.Peer.LastIndexOf(':') + 1)..];
}
