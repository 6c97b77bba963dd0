using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Jam.Server.Hosting;

/// <summary>
/// A log in a file that rotates by size, or on the console. Whoever logs puts a line into a queue and never waits for a disk; where the disk is slower
/// than what is said, lines are lost, and the log says how many.
/// </summary>
public sealed class FileLog : ILoggerProvider, IAsyncDisposable
{
    /// <summary>Size from which a file is put aside.</summary>
    public const long MaxBytes = 2_000_000;

    /// <summary>How many files there are at most, the newest included.</summary>
    public const int Files = 5;

    private readonly ILineSink _file;
    private readonly TimeProvider _time;
    private readonly LogFormat _format;
    // Full mode: the line that comes is lost and counted.
    private readonly Channel<string> _lines;
    private readonly Task _writing;
    private volatile int _level;
    private long _lost;

    private FileLog(ILineSink file, string path, LogLevel level, TimeProvider time, int capacity, LogFormat format)
    {
        _file = file;
        Path = path;
        _format = format;
        _time = time;
        _level = (int)level;
        _lines = Channel.CreateBounded<string>(
            new BoundedChannelOptions(capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite },
            _ => Interlocked.Increment(ref _lost));
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>The file that is written now.</summary>
    public string Path { get; }

    /// <summary>What is logged from now on; <see cref="LogLevel.None"/>: nothing.</summary>
    public LogLevel Level
    {
        get => (LogLevel)_level;
        set => _level = (int)value;
    }

    /// <summary>Opens a log. Another process that has the file open gets one beside it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="level">What is logged at first.</param>
    /// <param name="time">For the stamps.</param>
    /// <param name="maxBytes">Size from which a file is put aside.</param>
    /// <param name="files">How many there are at most.</param>
    /// <param name="capacity">Lines that may wait for the disk.</param>
    /// <param name="format">How a line looks.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static FileLog Open(
        string path, LogLevel level, TimeProvider time, long maxBytes = MaxBytes, int files = Files, int capacity = 4096,
        LogFormat format = LogFormat.Text)
    {
        var file = RotatingFile.Open(path, maxBytes, files);
        return new FileLog(file, file.Path, level, time, capacity, format);
    }

    /// <summary>A log on the console: as little waited for as one on a disk.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="level">What is logged at first.</param>
    /// <param name="time">For the stamps.</param>
    /// <param name="format">How a line looks.</param>
    public static FileLog OnConsole(TextWriter writer, LogLevel level, TimeProvider time, LogFormat format) =>
        new(new WriterSink(writer), "", level, time, 4096, format);

    /// <summary>
    /// Where a program logs to unless it is told otherwise: <c>$XDG_STATE_HOME/swarmjam</c> or <c>~/.local/state/swarmjam</c>,
    /// <c>%LOCALAPPDATA%\swarmjam</c> on Windows.
    /// </summary>
    /// <param name="name">Name of the file.</param>
    public static string DefaultPath(string name)
    {
        var xdg = Environment.GetEnvironmentVariable("XDG_STATE_HOME");
        var root = System.IO.Path.IsPathRooted(xdg) ? xdg
            : OperatingSystem.IsWindows()
                ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify)
                : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state");
        return System.IO.Path.Combine(root, "swarmjam", name);
    }

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Writer(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    /// <summary>Takes no more lines. <see cref="DisposeAsync"/> waits for those that were taken.</summary>
    public void Dispose() => _lines.Writer.TryComplete();

    /// <summary>Writes what was logged so far, and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        Dispose();
        await _writing;
        _file.Dispose();
    }

    private async Task WriteAsync()
    {
        var text = new StringBuilder();
        while (await _lines.Reader.WaitToReadAsync())
        {
            var lines = 0;
            for (; text.Length < 100_000 && _lines.Reader.TryRead(out var line); lines++)
                text.Append(line).Append('\n');
            Write(text, lines);
        }

        Write(text, 0);
    }

    private void Write(StringBuilder text, int lines)
    {
        var lost = Interlocked.Exchange(ref _lost, 0);
        if (lost > 0)
            text.Append(Line(LogLevel.Warning, "log", new EventId(1, "LinesLost"), $"{lost} lines were lost", [new("Lines", lost)], null)).Append('\n');
        if (text.Length > 0 && !_file.Write(text))
            Interlocked.Add(ref _lost, lost + lines);
        text.Clear();
    }

    private string Line(LogLevel level, string category, EventId what, string text, IEnumerable<KeyValuePair<string, object?>>? fields, Exception? problem)
    {
        if (_format == LogFormat.Json)
            return JsonLogLine.Of(_time.GetUtcNow(), level, category, what, text, fields, problem);
        // The system's own format, cut to milliseconds: one that is spelled out takes many times as long.
        Span<char> stamp = stackalloc char[33];
        _time.GetUtcNow().UtcDateTime.TryFormat(stamp, out _, "O", CultureInfo.InvariantCulture);
        stamp[23] = 'Z';
        return OneLine(string.Create(CultureInfo.InvariantCulture, $"{stamp[..24]} {Word(level)} {category}: {text}{(problem is null ? "" : $" | {problem}")}"));
    }

    internal static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        _ => "error",
    };

    /// <summary>What members call themselves must not look like lines of this log.</summary>
    private static string OneLine(string line) =>
        line.AsSpan().ContainsAnyInRange('\0', '\x1f') || line.AsSpan().ContainsAnyInRange('\x7f', '\x9f') || line.AsSpan().ContainsAny('\u2028', '\u2029')
            ? string.Create(line.Length, line, static (clean, from) =>
            {
                for (var i = 0; i < clean.Length; i++)
                    clean[i] = char.IsControl(from[i]) || from[i] is '\u2028' or '\u2029' ? ' ' : from[i];
            })
            : line;

    private sealed class Writer(FileLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None && (int)logLevel >= log._level;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                var line = log.Line(logLevel, category, eventId, formatter(state, exception), state as IEnumerable<KeyValuePair<string, object?>>, exception);
                log._lines.Writer.TryWrite(line);
            }
        }
    }
}
