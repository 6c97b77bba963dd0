using System.Diagnostics;
using System.Globalization;

namespace Jam.Bench.Fanout;

/// <summary>One of the servers that are compared, as a process of its own.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process, int port) => (_process, Port) = (process, port);

    public int Port { get; }

    /// <summary>Memory that it has on the machine, bytes.</summary>
    public long ResidentBytes => 1024 * long.Parse(
        File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);

    /// <summary>Processor time so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public static async Task<ServerProcess> StartAsync(Dialect dialect, FanoutArguments a, string folder, CancellationToken cancellationToken)
    {
        string[] command = dialect == Dialect.SwarmJam
            ? ["dotnet", a.Server, "--port", "0", "--log-file", Path.Combine(folder, "server.log")]
            : ["node", Path.Combine(a.Relays, dialect == Dialect.Ws ? "ws.mjs" : "socketio.mjs"), a.Packages, dialect.InitialState];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["NODE_ENV"] = "production";
        var process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync(cancellationToken) ?? throw new IOException($"{dialect.Name} did not start");
        var words = line.Split([' ', '.'], StringSplitOptions.RemoveEmptyEntries);
        var at = Array.IndexOf(words, "port") + 1;
        return at > 0 && at < words.Length && int.TryParse(words[at], NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            ? new ServerProcess(process, port)
            : throw new IOException($"{dialect.Name} did not start: {line}");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
