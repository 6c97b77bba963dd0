using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Jam.Server;

namespace Jam.Tests.Page;

/// <summary>A rendezvous in a process of its own, so that it can die as programs do.</summary>
internal sealed partial class ServerProcess : IDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process, int port) => (_process, Port) = (process, port);

    public int Port { get; }

    public static async Task<ServerProcess> StartAsync(CancellationToken ct, int port = 0)
    {
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var start = new ProcessStartInfo(dotnet, [typeof(ServerProgram).Assembly.Location, "--port", $"{port}", "--bind", "127.0.0.1"])
        {
            RedirectStandardOutput = true,
        };
        while (true)
        {
            var process = Process.Start(start)!;
            if (await process.StandardOutput.ReadLineAsync(ct) is { } line && Spoken().Match(line) is { Success: true } match)
                return new ServerProcess(process, int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
            process.Dispose();
        }
    }

    /// <summary>Without a word to anyone.</summary>
    public void Kill() => _process.Kill();

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
    }

    [GeneratedRegex("port ([0-9]+)")]
    private static partial Regex Spoken();
}
