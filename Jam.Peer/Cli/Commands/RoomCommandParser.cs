using System.Globalization;
using System.Text;
using System.Text.Json;
using Jam.Peer.Cli.Options;
using Jam.Server.Contracts;

namespace Jam.Peer.Cli.Commands;

/// <summary>The words behind the commands that steer the room. Pure.</summary>
internal static class RoomCommandParser
{
    public static Parsed Role(string rest) => rest switch
    {
        "host" => Ask(new SetRole(Jam.Server.Contracts.Role.Host)),
        "viewer" => Ask(new SetRole(Jam.Server.Contracts.Role.Viewer)),
        _ => Usage("role"),
    };

    public static Parsed Member(string rest, string word, MemberAction action) =>
        rest.Length == 0 ? Usage(word) : new(new Command.OfMember(action, rest), null);

    public static Parsed Blob(string rest)
    {
        if (rest.Split(' ', 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is not [var name, var json])
            return Usage("blob");
        if (Encoding.UTF8.GetByteCount(json) > Limits.MaxBlobBytes)
            return new(null, $"blob: a value has {Limits.MaxBlobBytes} bytes at most");
        try
        {
            using var value = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = Limits.MaxBlobDepth });
            return new(new Command.Blob(name == "all" ? null : name, json), null);
        }
        catch (JsonException)
        {
            return new(null, $"blob: {json} is no JSON; words stand in quotes, as in blob {name} \"hello\"");
        }
    }

    public static Parsed Policy(string rest) => Words(rest) switch
    {
        [] => new(new Command.Policy(), null),
        ["control", "host"] => Ask(new SetPolicy(Control.Host)),
        ["control", "everyone"] => Ask(new SetPolicy(Control.Everyone)),
        ["queue", "host"] => Ask(new SetPolicy(Queue: Control.Host)),
        ["queue", "everyone"] => Ask(new SetPolicy(Queue: Control.Everyone)),
        ["loss", "promote"] => Ask(new SetPolicy(OnHostLoss: HostLoss.Promote)),
        ["loss", "free"] => Ask(new SetPolicy(OnHostLoss: HostLoss.Free)),
        ["loss", "keep"] => Ask(new SetPolicy(OnHostLoss: HostLoss.Keep)),
        ["loss", "pause"] => Ask(new SetPolicy(OnHostLoss: HostLoss.Pause)),
        _ => Usage("policy"),
    };

    public static Parsed Queue(string rest) => Words(rest) switch
    {
        [] => new(new Command.List(null, 0, 0), null),
        ["remove", var n] when Place(n) is { } place => new(new Command.List(QueueActions.Remove, place, 0), null),
        ["move", var n, var m] when Place(n) is { } from && Place(m) is { } to => new(new Command.List(QueueActions.Move, from, to), null),
        ["repeat", "off"] => Ask(new Queue(QueueActions.Repeat, Repeat: Repeat.Off)),
        ["repeat", "one"] => Ask(new Queue(QueueActions.Repeat, Repeat: Repeat.One)),
        ["repeat", "all"] => Ask(new Queue(QueueActions.Repeat, Repeat: Repeat.All)),
        ["shuffle", "on"] => Ask(new Queue(QueueActions.Shuffle, IsOn: true)),
        ["shuffle", "off"] => Ask(new Queue(QueueActions.Shuffle, IsOn: false)),
        _ => Usage("queue"),
    };

    public static Parsed Tempo(string rest)
    {
        var words = Words(rest);
        if (words.Length == 0)
            return new(new Command.Tempo(), null);
        if (!Units.TryNumber(words[0], out var bpm) || bpm is < Limits.MinBpm or > Limits.MaxBpm)
            return new(null, $"tempo {words[0]}: it is a number from {Limits.MinBpm} to {Limits.MaxBpm}, in beats a minute");
        return words switch
        {
            [_] => Ask(new SetTempo(bpm)),
            [_, var n] when Whole(n, 1, Limits.MaxBeatsPerBar) is { } beats => Ask(new SetTempo(bpm, beats)),
            [_, "at", var at] when Units.PositionUs(at) is { } us => Ask(new SetTempo(bpm, null, null, us)),
            [_, var n, "at", var at] when Whole(n, 1, Limits.MaxBeatsPerBar) is { } beats && Units.PositionUs(at) is { } us =>
                Ask(new SetTempo(bpm, beats, null, us)),
            _ => Usage("tempo"),
        };
    }

    public static Parsed Metronome(string rest) => Words(rest) switch
    {
        [] => new(new Command.Tempo(), null),
        ["on"] => Ask(new Metronome(true)),
        ["off"] => Ask(new Metronome(false)),
        ["count-in", var n] when Whole(n, 0, Limits.MaxCountInBars) is { } bars => Ask(new Metronome(null, bars)),
        _ => Usage("metronome"),
    };

    public static Parsed Loop(string rest) => Words(rest) switch
    {
        [] => new(new Command.Loop(), null),
        ["on"] => Ask(new SetLoop(true)),
        ["off"] => Ask(new SetLoop(false)),
        ["play"] => new(new Command.HearLoop(true), null),
        ["pause"] => new(new Command.HearLoop(false), null),
        ["steps", var s, "beats", var b] when Whole(s, 1, Limits.MaxLoopSteps) is { } steps && Whole(b, 1, Limits.MaxLoopSteps) is { } beats =>
            Ask(new SetLoop(null, steps, beats)),
        ["lane", var pattern] => Lane(pattern, "click"),
        ["lane", var pattern, var voice] => Lane(pattern, voice),
        _ => Usage("loop"),
    };

    /// <summary>A lane in as many steps as the loop has: what is typed is repeated to its end; null where the voice is none.</summary>
    public static IReadOnlyList<LoopStep?>? Steps(string pattern, string voice, int steps)
    {
        if (Voice(voice) is not { } sound)
            return null;
        return [.. Enumerable.Range(0, steps).Select(i => pattern[i % pattern.Length] switch
        {
            '.' or '-' => null,
            'X' => sound with { Velocity = 127 },
            _ => sound,
        })];
    }

    /// <summary>A percussive voice by its name, a note as c4 or f#3, or a MIDI number; null where it is none.</summary>
    private static LoopStep? Voice(string text)
    {
        if (Whole(text, 0, 127) is { } number)
            return new LoopStep(number);
        var split = text.AsSpan().LastIndexOfAnyExceptInRange('0', '9') + 1;
        if (split < text.Length && Whole(text[split..], 0, 8) is { } octave && Semitone(text[..split]) is { } semitone)
            return new LoopStep((12 * (octave + 1)) + semitone);
        return Names.IsId(text) && text.Length <= 16 ? new LoopStep(null, text) : null;
    }

    private static int? Semitone(string name) => name switch
    {
        "c" => 0, "c#" or "db" => 1, "d" => 2, "d#" or "eb" => 3, "e" => 4, "f" => 5, "f#" or "gb" => 6, "g" => 7, "g#" or "ab" => 8, "a" => 9,
        "a#" or "bb" => 10, "b" => 11, _ => null,
    };

    private static Parsed Lane(string pattern, string voice) =>
        pattern.All(c => c is 'x' or 'X' or '.' or '-') && Steps(pattern, voice, 1) is not null
            ? new(new Command.Lane(pattern, voice), null)
            : new(null, "loop lane: write steps as x...x..., X for a loud one, then kick, snare, hat, click, or a note such as c4");

    private static Parsed Ask(ClientMessage message) => new(new Command.Ask(message), null);

    private static string[] Words(string rest) =>
        rest.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static int? Place(string text) => Whole(text, 1, Limits.MaxQueueLength);

    private static int? Whole(string text, int min, int max) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n >= min && n <= max ? n : null;

    private static Parsed Usage(string name) => new(null, $"usage: {CommandHelp.Find(name)!.Usage}");
}
