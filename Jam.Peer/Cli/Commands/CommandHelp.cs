namespace Jam.Peer.Cli.Commands;

/// <summary>One command as <c>help</c> shows it.</summary>
internal sealed record CommandHelp(string Name, string Usage, string Text)
{
    /// <summary>All of them, in the order in which they are shown.</summary>
    public static IReadOnlyList<CommandHelp> All { get; } =
    [
        new("seed", "seed FILE", "share one more file; it becomes the room's track where there is none"),
        new("play", "play [POSITION]", "play, from a position where one is given: seconds or m:ss"),
        new("pause", "pause", "pause where the room is"),
        new("resume", "resume", "go on after a pause"),
        new("stop", "stop", "stop and return to the start"),
        new("seek", "seek POSITION", "go to a position (90, 1:30), or by a distance (+10, -10)"),
        new("playlist", "playlist [N]", "show the room's tracks; with a number, choose one"),
        new("peers", "peers", "who is in the room"),
        new("connections", "connections", "whom this peer exchanges chunks with"),
        new("join", "join IP:PORT", "connect to one more peer"),
        new("leave", "leave IP:PORT", "disconnect from a peer and do not dial it again"),
        new("volume", "volume [0-100]", "show or set this peer's volume"),
        new("latency", "latency [MS]", "show or set how much later than it reports this device sounds; it is saved for the device"),
        new("calibrate", "calibrate [off]", "click in turn with another peer that does so, to find that latency by ear"),
        new("stats", "stats", "chunks, buffer and sync of this peer, now"),
        new("watch", "watch", "the same as a live table; ENTER ends it (on a terminal only)"),
        new("help", "help [COMMAND]", "this list, or one of its lines"),
        new("quit", "quit", "leave the room and end"),
    ];

    /// <summary>The entry of a name; null where there is none.</summary>
    public static CommandHelp? Find(string name) => All.FirstOrDefault(help => help.Name == name);
}
