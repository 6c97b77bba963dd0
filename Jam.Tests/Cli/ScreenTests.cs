using Jam.Peer.Cli.Terminal;
using NUnit.Framework;

namespace Jam.Tests.Cli;

/// <summary>What a terminal shows in the end, by a model of the few sequences that are used.</summary>
internal sealed class ScreenTests
{
    [Test]
    public void A_notice_comes_above_the_prompt_and_leaves_it_whole()
    {
        var text = new StringWriter();
        var screen = new Screen(text);
        screen.Bottom(["jam> pau"], 8);
        screen.Above("ada joined");
        screen.Above("bob left");
        Assert.That(Shown(text), Is.EqualTo("ada joined|bob left|jam> pau@8"));
    }

    [Test]
    public void A_table_is_replaced_in_its_place_also_by_a_smaller_one()
    {
        var text = new StringWriter();
        var screen = new Screen(text);
        screen.Bottom(["title", "one 1", "two 2"]);
        screen.Above("ada joined");
        screen.Bottom(["title", "one 9"]);
        Assert.That(Shown(text), Is.EqualTo("ada joined|title|one 9@0"));
        screen.Bottom([]);
        Assert.That(Shown(text), Is.EqualTo("ada joined|@0"));
    }

    /// <summary>The lines, and the column of the cursor.</summary>
    private static string Shown(StringWriter text)
    {
        var rows = new List<string> { "" };
        var (row, column) = (0, 0);
        var all = text.ToString();
        for (var i = 0; i < all.Length; i++)
        {
            switch (all[i])
            {
                case '\r': column = 0; break;
                case '\n':
                    (row, column) = (row + 1, 0);
                    if (row == rows.Count)
                        rows.Add("");
                    break;
                case '\u001b':
                    var end = all.IndexOfAny(['A', 'C', 'J', 'K'], i);
                    var count = end - i > 2 ? int.Parse(all[(i + 2)..end], System.Globalization.CultureInfo.InvariantCulture) : 1;
                    (row, column) = (row - (all[end] == 'A' ? count : 0), column + (all[end] == 'C' ? count : 0));
                    if (all[end] is 'K' or 'J')
                        rows[row] = rows[row][..Math.Min(column, rows[row].Length)];
                    if (all[end] == 'J')
                        rows.RemoveRange(row + 1, rows.Count - row - 1);
                    i = end;
                    break;
                default:
                    rows[row] = rows[row].PadRight(column)[..column] + all[i] + (rows[row].Length > column + 1 ? rows[row][(column + 1)..] : "");
                    column++;
                    break;
            }
        }
        return string.Join('|', rows) + "@" + column;
    }
}
