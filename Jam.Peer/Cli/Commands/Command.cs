using System.Net;
using Jam.Server.Contracts;
using Microsoft.Extensions.Logging;

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

    /// <summary>A command to the room that needs nothing looked up.</summary>
    public sealed record Ask(ClientMessage Message) : Command;

    /// <summary>Something that concerns a member, by its name.</summary>
    public sealed record OfMember(MemberAction Action, string Name) : Command;

    /// <summary>Changes the list at 1-based places; null: shows it.</summary>
    public sealed record List(string? Action, int From, int To) : Command;

    /// <summary>Sends a JSON value to a member, by its name; null: to everyone.</summary>
    public sealed record Blob(string? Name, string Json) : Command;

    /// <summary>Shows the beat.</summary>
    public sealed record Tempo : Command;

    public sealed record Tap : Command;

    /// <summary>Shows the loop.</summary>
    public sealed record Loop : Command;

    /// <summary>Whether this peer hears the loop.</summary>
    public sealed record HearLoop(bool IsHeard) : Command;

    /// <summary>This peer's lane: a character for each step, and what it sounds like.</summary>
    public sealed record Lane(string Pattern, string Voice) : Command;

    /// <summary>Shows the policy.</summary>
    public sealed record Policy : Command;

    public sealed record Members : Command;

    public sealed record Position : Command;

    public sealed record Sync : Command;

    /// <summary>Shows what is logged and where, or sets what.</summary>
    public sealed record Log(LogLevel? Level) : Command;

    /// <summary>Shows the volume, or sets it, in percent.</summary>
    public sealed record Volume(double? Percent) : Command;

    /// <summary>Shows how much later than it reports the device sounds, or sets it, in milliseconds.</summary>
    public sealed record Latency(double? Ms) : Command;

    /// <summary>Clicks in turn with another peer, to hear whether both sound together; or stops that.</summary>
    /// <param name="On">Whether it begins.</param>
    /// <param name="With">Name of the other one; null: the room's host, or at the host whoever came first.</param>
    public sealed record Calibrate(bool On, string? With = null) : Command;

    public sealed record Watch : Command;

    public sealed record Help(string? About) : Command;

    public sealed record Quit : Command;
}

/// <summary>What can be done with a member.</summary>
internal enum MemberAction
{
    /// <summary>Makes it the host.</summary>
    Handover,

    /// <summary>Sends it away.</summary>
    Kick,

    /// <summary>Keeps it from commanding.</summary>
    Mute,

    /// <summary>Lets it again.</summary>
    Unmute,

    /// <summary>Tells how good the way to it is.</summary>
    Ping,
}
