using Spectre.Console;
using Spectre.Console.Rendering;

namespace Jam.Peer.Cli.Live;

/// <summary>Draws with Spectre.Console into lines, so that whoever owns the output decides where they go.</summary>
internal static class TableText
{
    /// <summary>The lines of something drawable, at most so many columns wide; without escape sequences unless asked for.</summary>
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
        return [.. text.ToString().TrimEnd('\n').Split('\n').Select(line => line.TrimEnd('\r', ' '))];
    }
}
