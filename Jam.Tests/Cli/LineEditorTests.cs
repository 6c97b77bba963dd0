using Jam.Peer.Cli.Terminal;
using NUnit.Framework;

namespace Jam.Tests.Cli;

internal sealed class LineEditorTests
{
    [Test]
    public void Typing_goes_in_at_the_cursor()
    {
        var editor = Typed("sek");
        editor.Apply(FakeIo.Key(ConsoleKey.LeftArrow));
        Type(editor, "e");
        Assert.That(editor.View(80), Is.EqualTo(("jam> seek", 8)));
    }

    [TestCase('\b', "hell", 9)]
    [TestCase('\x01', "hello", 5)]
    [TestCase('\x15', "", 5)]
    [TestCase('\x17', "", 5)]
    public void An_editing_key_does_what_it_does_everywhere(char key, string text, int cursor)
    {
        var editor = Typed("hello");
        editor.Apply(FakeIo.Key(key));
        Assert.That((editor.Text, editor.View(80).Cursor), Is.EqualTo((text, cursor)));
    }

    [Test]
    public void A_word_goes_at_once_and_the_rest_of_the_line_too()
    {
        var editor = Typed("seed my song.mp3");
        editor.Apply(FakeIo.Key('\x17'));
        Assert.That(editor.Text, Is.EqualTo("seed my "));
        editor.Apply(FakeIo.Key(ConsoleKey.LeftArrow, control: true));
        editor.Apply(FakeIo.Key('\x0b'));
        Assert.That(editor.Text, Is.EqualTo("seed "));
    }

    [Test]
    public void History_goes_back_and_forth_and_keeps_what_was_begun()
    {
        var editor = Typed("play");
        editor.Take();
        Type(editor, "pause");
        editor.Take();
        Type(editor, "pau");
        string[] seen = [.. new[] { ConsoleKey.UpArrow, ConsoleKey.UpArrow, ConsoleKey.UpArrow, ConsoleKey.DownArrow, ConsoleKey.DownArrow }
            .Select(key => { editor.Apply(FakeIo.Key(key)); return editor.Text; })];
        Assert.That(seen, Is.EqualTo(new[] { "pause", "play", "play", "pause", "pau" }));
    }

    [Test]
    public void A_line_is_remembered_once_and_an_empty_one_never()
    {
        var editor = Typed("play");
        editor.Take();
        Type(editor, "play");
        editor.Take();
        editor.Take();
        editor.Apply(FakeIo.Key(ConsoleKey.UpArrow));
        editor.Apply(FakeIo.Key(ConsoleKey.UpArrow));
        Assert.That(editor.Text, Is.EqualTo("play"));
    }

    [Test]
    public void Enter_submits_and_control_d_closes_an_empty_line_only()
    {
        var editor = Typed("x");
        Assert.That(editor.Apply(FakeIo.Key('\r')), Is.EqualTo(EditResult.Submitted));
        Assert.That(editor.Apply(FakeIo.Key('\x04')), Is.EqualTo(EditResult.Edited));
        editor.Take();
        Assert.That(editor.Apply(FakeIo.Key('\x04')), Is.EqualTo(EditResult.Closed));
    }

    [Test]
    public void A_long_line_scrolls_so_that_the_cursor_is_always_seen()
    {
        var editor = Typed(new string('a', 50) + "end");
        var (text, cursor) = editor.View(20);
        Assert.That(text, Does.EndWith("end").And.Length.LessThan(20));
        Assert.That(cursor, Is.EqualTo(text.Length));
        editor.Apply(FakeIo.Key(ConsoleKey.Home));
        (text, cursor) = editor.View(20);
        Assert.That((text, cursor), Is.EqualTo(("jam> " + new string('a', 14), 5)));
    }

    [Test]
    public void Wide_letters_and_pairs_count_as_what_they_take()
    {
        var editor = Typed("日😀");
        Assert.That(editor.View(80), Is.EqualTo(("jam> 日😀", 9)));
        editor.Apply(FakeIo.Key('\b'));
        Assert.That(editor.Text, Is.EqualTo("日"));
    }

    [Test]
    public void A_key_without_a_letter_changes_nothing()
    {
        var editor = Typed("ab");
        editor.Apply(FakeIo.Key(ConsoleKey.F5));
        editor.Apply(FakeIo.Key('\t'));
        Assert.That(editor.Text, Is.EqualTo("ab"));
    }

    private static LineEditor Typed(string text)
    {
        var editor = new LineEditor("jam> ");
        Type(editor, text);
        return editor;
    }

    private static void Type(LineEditor editor, string text)
    {
        foreach (var c in text)
            editor.Apply(FakeIo.Key(c));
    }
}
