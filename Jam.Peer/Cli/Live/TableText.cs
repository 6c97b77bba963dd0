using System.Text.RegularExpressions;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Jam.Peer.Cli.Live;

/// <summary>Draws with Spectre.Console into lines, so that whoever owns the output decides where they go.</summary>
internal static partial class TableText
{
    /// <summary>
    /// The lines of something drawable, at most so many columns wide; without escape sequences unless asked for. Lines that would
    /// show nothing are left out: a border's empty edge is worth no line of a terminal.
    /// </summary>
    public static IReadOnlyList<string> Lines(IRenderable what, int columns, bool ansi)
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = ansi ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = ansi ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = columns;
        console.Profile.Capabilities.Unicode = true;
        console.Write(what);
        return [.. text.ToString().Split('\n').Select(line => line.TrimEnd('\r', ' ')).Where(line => !Blank().IsMatch(line))];
    }

    [GeneratedRegex(@"^(\x1b\[[0-9;]*m|\s)*$")]
    private static partial Regex Blank();
}
