using System.Threading.Channels;
using Jam.Peer.Cli;

namespace Jam.Tests.Cli;

/// <summary>Standard streams in memory.</summary>
internal sealed class FakeIo
{
    private readonly StringWriter output = new();
    private readonly StringWriter error = new();
    private readonly Channel<ConsoleKeyInfo> keys = Channel.CreateUnbounded<ConsoleKeyInfo>();

    public FakeIo(bool terminal = false, int width = 80)
    {
        Input = new LineQueue();
        Io = new CliIo(
            Input, TextWriter.Synchronized(output), TextWriter.Synchronized(error), terminal, terminal, () => keys.Reader.ReadAsync().AsTask(), () => width);
    }

    public CliIo Io { get; }

    public LineQueue Input { get; }

    public string Out => output.ToString();

    public string[] OutLines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public string Error => error.ToString();

    public void Type(string text)
    {
        foreach (var c in text)
            keys.Writer.TryWrite(Key(c));
    }

    public static ConsoleKeyInfo Key(char c) => c switch
    {
        '\r' => new(c, ConsoleKey.Enter, false, false, false),
        '\b' => new(c, ConsoleKey.Backspace, false, false, false),
        >= '\x01' and <= '\x1a' => new(c, ConsoleKey.A + (c - 1), false, false, true),
        _ => new(c, ConsoleKey.None, false, false, false),
    };

    public static ConsoleKeyInfo Key(ConsoleKey key, bool control = false) => new('\0', key, false, false, control);

    /// <summary>An input that ends when a test says so.</summary>
    internal sealed class LineQueue : TextReader
    {
        private readonly Channel<string> lines = Channel.CreateUnbounded<string>();

        public void Add(params string[] more)
        {
            foreach (var line in more)
                lines.Writer.TryWrite(line);
        }

        public void End() => lines.Writer.TryComplete();

        public override async Task<string?> ReadLineAsync()
        {
            while (await lines.Reader.WaitToReadAsync())
                if (lines.Reader.TryRead(out var line))
                    return line;
            return null;
        }
    }
}
