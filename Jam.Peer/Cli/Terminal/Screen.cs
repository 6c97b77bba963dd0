using System.Text;

namespace Jam.Peer.Cli.Terminal;

/// <summary>
/// A terminal with a few lines at its bottom that stay (a prompt, a table) while others scroll by above them. Plain sequences that
/// every terminal knows; each change is one write, so nothing flickers or mixes.
/// </summary>
internal sealed class Screen(TextWriter output)
{
    private readonly Lock gate = new();
    private IReadOnlyList<string> bottom = [];
    private int cursor;

    /// <summary>Prints lines above the bottom.</summary>
    public void Above(params IEnumerable<string> lines) => Draw(lines, null, 0);

    /// <summary>
    /// Replaces the bottom. No line may fill the terminal's last column: it would wrap, and the next change would find the wrong
    /// place.
    /// </summary>
    /// <param name="lines">The new bottom; empty: none.</param>
    /// <param name="cursorColumn">Where the cursor stands on the last of them, from 0.</param>
    public void Bottom(IReadOnlyList<string> lines, int cursorColumn = 0) => Draw([], lines, cursorColumn);

    private void Draw(IEnumerable<string> above, IReadOnlyList<string>? newBottom, int newCursor)
    {
        lock (gate)
        {
            var text = new StringBuilder("\r");
            if (bottom.Count > 1)
                text.Append($"\x1b[{bottom.Count - 1}A");
            foreach (var line in above)
                text.Append(line).Append("\x1b[K\n");
            (bottom, cursor) = newBottom is null ? (bottom, cursor) : (newBottom, newCursor);
            for (var i = 0; i < bottom.Count; i++)
                text.Append(bottom[i]).Append(i < bottom.Count - 1 ? "\x1b[K\n" : "");
            text.Append("\x1b[J\r");
            if (cursor > 0 && bottom.Count > 0)
                text.Append($"\x1b[{cursor}C");
            output.Write(text.ToString());
            output.Flush();
        }
    }
}
