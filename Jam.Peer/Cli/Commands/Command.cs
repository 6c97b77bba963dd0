using System.Net;

namespace Jam.Peer.Cli.Commands;

/// <summary>What someone typed, understood.</summary>
internal abstract record Command
{
    private Command()
    {
    }

    public sealed record Seed(string Path) : Command;

    /// <summary>Plays, from a position in microseconds where one was given; <c>resume</c> is this without one.</summary>
    public sealed record Play(long? PositionUs) : Command;

    public sealed record Pause : Command;

    public sealed record Stop : Command;

    /// <summary>To a position, or by a distance, in microseconds.</summary>
    public sealed record Seek(long Us, bool Relative) : Command;

    public sealed record Peers : Command;

    public sealed record Connections : Command;

    public sealed record Join(DnsEndPoint Peer) : Command;

    public sealed record Leave(DnsEndPoint Peer) : Command;

    /// <summary>Shows the list, or makes its 1-based place the room's track.</summary>
    public sealed record Playlist(int? Place) : Command;

    public sealed record Stats : Command;

    /// <summary>Shows the volume, or sets it, in percent.</summary>
    public sealed record Volume(double? Percent) : Command;

    /// <summary>Shows how much later than it reports the device sounds, or sets it, in milliseconds.</summary>
    public sealed record Latency(double? Ms) : Command;

    /// <summary>Clicks in turn with another peer, to hear whether both sound together; or stops that.</summary>
    public sealed record Calibrate(bool On) : Command;

    public sealed record Watch : Command;

    public sealed record Help(string? About) : Command;

    public sealed record Quit : Command;
}
