using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Jam.Peer.Audio;
using Jam.Server.Contracts;

namespace Jam.Peer.Session;

/// <summary>
/// Writes down what clock and output measure, a line each, for <c>tools/lab/sync --trace</c>: which of them moved what a recording shows
/// can be told afterwards, and another filter be tried on the same probes. Each line ends with the wall clock, which the processes of one
/// machine share: by that the true offset between any two of their clocks is known.
/// </summary>
internal sealed class LabTrace : IAsyncDisposable
{
    private readonly TimeProvider _time;
    private readonly StreamWriter _file;
    private readonly Task _writing;
    // Full mode: what does not fit is lost; who measures must not wait.
    private readonly Channel<string> _lines =
        Channel.CreateBounded<string>(new BoundedChannelOptions(4096) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    private LabTrace(StreamWriter file, TimeProvider time)
    {
        (_file, _time) = (file, time);
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Begins a file.</summary>
    /// <param name="path">Replaced where it exists; null: no trace.</param>
    /// <param name="time">The local clock.</param>
    /// <exception cref="JamException">It cannot be written.</exception>
    public static LabTrace? Open(string? path, TimeProvider time)
    {
        if (path is null)
            return null;
        try
        {
            return new LabTrace(new StreamWriter(path, false, Encoding.ASCII), time);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new JamException($"cannot write {path}: {problem.Message}", problem);
        }
    }

    /// <summary>Adds a line. Any thread.</summary>
    public void Add(string line)
    {
        var nowUs = _time.NowUs();
        _lines.Writer.TryWrite(string.Create(
            CultureInfo.InvariantCulture, $"{line} {nowUs} {nowUs - WallClock.LocalMinusUnixUs(_time):F1}"));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _file.DisposeAsync();
    }

    private async Task WriteAsync()
    {
        await foreach (var line in _lines.Reader.ReadAllAsync())
        {
            await _file.WriteLineAsync(line);
            if (_lines.Reader.Count == 0)
                await _file.FlushAsync();
        }
    }
}
