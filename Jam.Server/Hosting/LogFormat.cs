using System.Text;

namespace Jam.Server.Hosting;

/// <summary>How a log looks.</summary>
public enum LogFormat
{
    /// <summary>For people: stamp, level, where from, what.</summary>
    Text,

    /// <summary>For programs: one JSON object a line (<see cref="JsonLogLine"/>).</summary>
    Json,
}

/// <summary>Where the lines of a log go. One thread at a time.</summary>
internal interface ILineSink : IDisposable
{
    /// <summary>Takes whole lines. False where they cannot be written now; the next call tries again.</summary>
    bool Write(StringBuilder lines);
}

/// <summary>Lines to a stream of the console; it stays open.</summary>
internal sealed class WriterSink(TextWriter writer) : ILineSink
{
    public bool Write(StringBuilder lines)
    {
        writer.Write(lines);
        writer.Flush();
        return true;
    }

    public void Dispose()
    {
    }
}
