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
        new("queue", "queue [remove N | move N M | repeat off|one|all | shuffle on|off]", "show the list, or change it"),
        new("next", "next", "go to the next track of the list"),
        new("previous", "previous", "go to the one before"),
        new("tempo", "tempo [BPM [BEATS] [at POSITION]]", "show or set the beat: BEATS a bar, with a downbeat at a position of the track"),
        new("tap", "tap", "tap the beat: four in a row set it"),
        new("metronome", "metronome [on | off | count-in BARS]", "let every peer click, or count in before it plays"),
        new("loop", "loop [on | off | play | pause | steps N beats M | lane x...x... VOICE]", "the shared loop: its shape, your lane (sent before it begins anew), whether it plays here"),
        new("role", "role host|viewer", "take the host's place where it is free, or give it up"),
        new("handover", "handover NAME", "make a member the host in your place"),
        new("policy", "policy [control|queue host|everyone | loss promote|free|pause|keep]", "show or set who may do what"),
        new("lock", "lock [PASSWORD]", "let in only who knows the password, or without one, who has an invite; who is in stays"),
        new("unlock", "unlock", "let everyone in again; invites stay"),
        new("invite", "invite [USES] [for TIME]", "make a link that admits without the password: for so many, for 2h or 30m"),
        new("invites", "invites", "which invites stand"),
        new("uninvite", "uninvite ID", "take an invite back; who came in by it stays"),
        new("encrypt", "encrypt on|off", "whether the room's peers speak TLS to each other"),
        new("kick", "kick NAME", "send a member away"),
        new("mute", "mute NAME", "keep a member from commanding, queueing and the loop; unmute NAME lets it again"),
        new("unmute", "unmute NAME", "let a muted member be heard again"),
        new("peers", "peers", "who is in the room"),
        new("members", "members", "who is in the room, and how good the way to each is"),
        new("ping", "ping NAME", "how good the way to a member is"),
        new("blob", "blob NAME|all JSON", "send a small JSON value to a member or to all, who read it"),
        new("position", "position", "where the room is, in the track and in the bar"),
        new("sync", "sync", "measure the clock anew and ask for the whole room"),
        new("connections", "connections", "whom this peer exchanges chunks with"),
        new("join", "join IP:PORT", "connect to one more peer"),
        new("leave", "leave IP:PORT", "disconnect from a peer and do not dial it again"),
        new("volume", "volume [0-100]", "show or set this peer's volume"),
        new("latency", "latency [MS]", "show or set how much later than it reports this device sounds; it is saved for the device"),
        new("calibrate", "calibrate [NAME|off]", "click in turn with another member (the host), to find that latency by ear; it asks that one to click"),
        new("stats", "stats", "chunks, buffer and sync of this peer, now"),
        new("log", "log [off|error|warning|info|debug|trace]", "show where this peer logs to, or say how much it logs"),
        new("watch", "watch", "the same as a live table; ENTER ends it (on a terminal only)"),
        new("help", "help [COMMAND]", "this list, or one of its lines"),
        new("quit", "quit", "leave the room and end"),
    ];

    /// <summary>The entry of a name; null where there is none.</summary>
    public static CommandHelp? Find(string name) => All.FirstOrDefault(help => help.Name == name);
}
