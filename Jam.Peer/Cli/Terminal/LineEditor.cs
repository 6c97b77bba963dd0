using System.Text;
using Spectre.Console.Rendering;

namespace Jam.Peer.Cli.Terminal;

/// <summary>What a key did to the line.</summary>
internal enum EditResult
{
    /// <summary>Something to show, or nothing.</summary>
    Edited,

    /// <summary>The line is complete: <see cref="LineEditor.Take"/>.</summary>
    Submitted,

    /// <summary>Ctrl-D on an empty line.</summary>
    Closed,
}

/// <summary>
/// One line with a cursor and a history. Pure: keys in, text out. It is our own because the library for it (RadLine) draws only
/// after a key: a notice in between tears its line, and it asks for keys in a polling loop.
/// </summary>
internal sealed class LineEditor(string prompt, Func<string, string>? complete = null)
{
    private const int MostHistory = 200;
    private readonly List<Rune> line = [];
    private readonly List<string> history = [];
    private int cursor;
    private int place;
    private string draft = "";
    private char high;

    public string Text => string.Concat(line);

    /// <summary>Applies one key.</summary>
    public EditResult Apply(ConsoleKeyInfo key)
    {
        var control = key.Modifiers.HasFlag(ConsoleModifiers.Control);
        switch (key.Key)
        {
            case ConsoleKey.Enter: return EditResult.Submitted;
            case ConsoleKey.D when control && line.Count == 0: return EditResult.Closed;
            case ConsoleKey.Tab: InsertAll(complete?.Invoke(string.Concat(line.Take(cursor))) ?? ""); break;
            case ConsoleKey.LeftArrow: cursor = control ? WordStart() : Math.Max(0, cursor - 1); break;
            case ConsoleKey.RightArrow: cursor = control ? WordEnd() : Math.Min(line.Count, cursor + 1); break;
            case ConsoleKey.Home:
            case ConsoleKey.A when control: cursor = 0; break;
            case ConsoleKey.End:
            case ConsoleKey.E when control: cursor = line.Count; break;
            case ConsoleKey.UpArrow:
            case ConsoleKey.P when control: Recall(place - 1); break;
            case ConsoleKey.DownArrow:
            case ConsoleKey.N when control: Recall(place + 1); break;
            case ConsoleKey.Backspace: Remove(cursor - 1, cursor); break;
            case ConsoleKey.Delete:
            case ConsoleKey.D when control: Remove(cursor, cursor + 1); break;
            case ConsoleKey.U when control: Remove(0, cursor); break;
            case ConsoleKey.K when control: Remove(cursor, line.Count); break;
            case ConsoleKey.W when control: Remove(WordStart(), cursor); break;
            default: Insert(key.KeyChar); break;
        }
        return EditResult.Edited;
    }

    /// <summary>Takes the finished line, remembers it, and starts a new one.</summary>
    public string Take()
    {
        var text = Text;
        if (text.Trim().Length > 0 && (history.Count == 0 || history[^1] != text))
            history.Add(text);
        if (history.Count > MostHistory)
            history.RemoveAt(0);
        (place, draft, cursor) = (history.Count, "", 0);
        line.Clear();
        return text;
    }

    /// <summary>What to show in so many columns, and where the cursor stands in it; a long line scrolls sideways.</summary>
    public (string Text, int Cursor) View(int columns)
    {
        var room = Math.Max(4, columns - prompt.Length - 1);
        var start = cursor;
        for (var used = 0; start > 0 && used + Cells(line[start - 1]) <= room; start--)
            used += Cells(line[start - 1]);
        var before = line.Skip(start).Take(cursor - start).ToArray();
        var left = room - before.Sum(Cells);
        var after = line.Skip(cursor).TakeWhile(rune => (left -= Cells(rune)) >= 0).ToArray();
        return (prompt + string.Concat(before) + string.Concat(after), prompt.Length + before.Sum(Cells));
    }

    private void Insert(char c)
    {
        if (char.IsHighSurrogate(c))
        {
            high = c;
            return;
        }
        if (!char.IsControl(c) && (Rune.TryCreate(c, out var rune) || Rune.TryCreate(high, c, out rune)))
            line.Insert(cursor++, rune);
        high = '\0';
    }

    private void InsertAll(string text)
    {
        foreach (var rune in text.EnumerateRunes())
            line.Insert(cursor++, rune);
    }

    private void Remove(int from, int to)
    {
        (from, to) = (Math.Max(0, from), Math.Min(line.Count, to));
        if (to <= from)
            return;
        line.RemoveRange(from, to - from);
        cursor = from;
    }

    private void Recall(int wanted)
    {
        if (wanted < 0 || wanted > history.Count)
            return;
        if (place == history.Count)
            draft = Text;
        place = wanted;
        line.Clear();
        line.AddRange((place == history.Count ? draft : history[place]).EnumerateRunes());
        cursor = line.Count;
    }

    private int WordStart()
    {
        var at = cursor;
        while (at > 0 && Rune.IsWhiteSpace(line[at - 1]))
            at--;
        while (at > 0 && !Rune.IsWhiteSpace(line[at - 1]))
            at--;
        return at;
    }

    private int WordEnd()
    {
        var at = cursor;
        while (at < line.Count && Rune.IsWhiteSpace(line[at]))
            at++;
        while (at < line.Count && !Rune.IsWhiteSpace(line[at]))
            at++;
        return at;
    }

    private static int Cells(Rune rune) => new Segment(rune.ToString()).CellCount();
}
