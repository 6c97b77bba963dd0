using System.Globalization;
using System.Net;
using System.Text;
using Jam.Peer.Cli.Options;
using Jam.Peer.Session;
using Jam.Server.Contracts;

namespace Jam.Peer.Cli.Commands;

/// <summary>A command, or a line that says what is wrong; both null for an empty line.</summary>
internal readonly record struct Parsed(Command? Command, string? Wrong);

/// <summary>From a typed line to a command. Pure.</summary>
internal static class CommandParser
{
    /// <summary>Reads one line. Command words are not case sensitive; <c>exit</c> and <c>?</c> are understood too.</summary>
    public static Parsed Parse(string line)
    {
        var text = line.Trim();
        if (text.Length == 0)
            return default;
        var split = text.IndexOfAny([' ', '\t']);
        var (word, rest) = split < 0 ? (text, "") : (text[..split], text[split..].Trim());
        return word.ToLowerInvariant() switch
        {
            "seed" => Seed(rest),
            "play" => rest.Length == 0 ? new(new Command.Play(null), null) : At(rest, "play", us => new Command.Play(us)),
            "pause" => Alone(rest, new Command.Pause()),
            "resume" => Alone(rest, new Command.Play(null)),
            "stop" => Alone(rest, new Command.Stop()),
            "seek" => Seek(rest),
            "peers" => Alone(rest, new Command.Peers()),
            "connections" => Alone(rest, new Command.Connections()),
            "join" => Address(rest, "join", peer => new Command.Join(peer)),
            "leave" => Address(rest, "leave", peer => new Command.Leave(peer)),
            "playlist" => Playlist(rest),
            "role" => RoomCommandParser.Role(rest),
            "handover" => RoomCommandParser.Member(rest, "handover", MemberAction.Handover),
            "kick" => RoomCommandParser.Member(rest, "kick", MemberAction.Kick),
            "mute" => RoomCommandParser.Member(rest, "mute", MemberAction.Mute),
            "unmute" => RoomCommandParser.Member(rest, "unmute", MemberAction.Unmute),
            "ping" => RoomCommandParser.Member(rest, "ping", MemberAction.Ping),
            "blob" => RoomCommandParser.Blob(rest),
            "policy" => RoomCommandParser.Policy(rest),
            "lock" or "unlock" or "invite" or "invites" or "uninvite" or "encrypt" => DoorCommandParser.Parse(word.ToLowerInvariant(), rest),
            "queue" => RoomCommandParser.Queue(rest),
            "next" => Alone(rest, new Command.Ask(new Queue(QueueActions.Next)), "next"),
            "previous" => Alone(rest, new Command.Ask(new Queue(QueueActions.Previous)), "previous"),
            "tempo" => RoomCommandParser.Tempo(rest),
            "tap" => Alone(rest, new Command.Tap()),
            "metronome" => RoomCommandParser.Metronome(rest),
            "loop" => RoomCommandParser.Loop(rest),
            "members" => Alone(rest, new Command.Members()),
            "position" => Alone(rest, new Command.Position()),
            "sync" => Alone(rest, new Command.Sync()),
            "stats" => Alone(rest, new Command.Stats()),
            "log" => Log(rest),
            "volume" => Volume(rest),
            "latency" => Latency(rest),
            "calibrate" => rest.ToLowerInvariant() switch
            {
                "" or "on" => new(new Command.Calibrate(true), null),
                "off" => new(new Command.Calibrate(false), null),
                _ => new(new Command.Calibrate(true, rest), null),
            },
            "watch" => Alone(rest, new Command.Watch()),
            "help" or "?" => Help(rest),
            "quit" or "exit" => Alone(rest, new Command.Quit()),
            _ => new(null, $"there is no command '{word}'; help lists them"),
        };
    }

    /// <summary>
    /// A file name may hold spaces without more ado. Quotes around all of it are taken off, and a backslash before a space or a
    /// quote, as terminals put it in when a file is dropped on them. Other backslashes and an apostrophe inside stay.
    /// </summary>
    private static string FileName(string text)
    {
        var quote = text[0] is '"' or '\'' && text.Length > 1 && text[^1] == text[0] ? text[0] : '\0';
        if (quote == '\'')
            return text[1..^1];
        var inner = quote == '"' ? text[1..^1] : text;
        var name = new StringBuilder(inner.Length);
        for (var i = 0; i < inner.Length; i++)
        {
            if (inner[i] == '\\' && i + 1 < inner.Length && (inner[i + 1] is '"' || (quote == '\0' && inner[i + 1] is ' ' or '\'' or '(' or ')' or '&')))
                i++;
            name.Append(inner[i]);
        }
        return name.ToString();
    }

    private static Parsed Seed(string text)
    {
        if (text.Length == 0)
            return Usage("seed");
        return text.Any(char.IsControl) ? new(null, "seed: a file's name holds no control characters") : new(new Command.Seed(FileName(text)), null);
    }

    private static Parsed Alone(string rest, Command command, string? word = null) => rest.Length == 0
        ? new(command, null)
        : new(null, $"{word ?? command.GetType().Name.ToLowerInvariant()} takes nothing behind it");

    private static Parsed At(string text, string word, Func<long, Command> make) =>
        Units.PositionUs(text) is { } us ? new(make(us), null) : new(null, $"{word} {text}: write a position as seconds (90) or as m:ss (1:30)");

    private static Parsed Seek(string text)
    {
        if (text.Length == 0)
            return Usage("seek");
        if (text[0] is not ('+' or '-'))
            return At(text, "seek", us => new Command.Seek(us, false));
        var sign = text[0] == '-' ? -1 : 1;
        return At(text[1..].Trim(), "seek " + text[0], us => new Command.Seek(sign * us, true));
    }

    private static Parsed Address(string text, string word, Func<DnsEndPoint, Command> make)
    {
        if (text.Length == 0)
            return Usage(word);
        var (address, wrong) = PeerAddress.Parse(text);
        return address is null ? new(null, $"{word} {wrong}") : new(make(address), null);
    }

    private static Parsed Playlist(string text)
    {
        if (text.Length == 0)
            return new(new Command.Playlist(null), null);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var place) && place >= 1
            ? new(new Command.Playlist(place), null)
            : new(null, $"playlist {text}: write the number of a track in the list, from 1");
    }

    private static Parsed Log(string text)
    {
        if (text.Length == 0)
            return new(new Command.Log(null), null);
        return LogWords.Parse(text.ToLowerInvariant()) is { } level ? new(new Command.Log(level), null) : Usage("log");
    }

    private static Parsed Volume(string text)
    {
        if (text.Length == 0)
            return new(new Command.Volume(null), null);
        return Units.TryNumber(text.TrimEnd('%'), out var percent) && percent <= 100
            ? new(new Command.Volume(percent), null)
            : new(null, $"volume {text}: it is a number from 0 to 100");
    }

    private static Parsed Latency(string text)
    {
        if (text.Length == 0)
            return new(new Command.Latency(null), null);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var ms) && ms is >= -2000 and <= 5000
            ? new(new Command.Latency(ms), null)
            : new(null, $"latency {text}: it is a number from -2000 to 5000, in milliseconds");
    }

    private static Parsed Help(string text)
    {
        if (text.Length == 0)
            return new(new Command.Help(null), null);
        return CommandHelp.Find(text.ToLowerInvariant()) is { } help
            ? new(new Command.Help(help.Name), null)
            : new(null, $"there is no command '{text}'; help lists them");
    }

    private static Parsed Usage(string name) => new(null, $"usage: {CommandHelp.Find(name)!.Usage}");
}
