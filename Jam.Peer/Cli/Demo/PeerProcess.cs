using System.Diagnostics;
using System.Runtime.InteropServices;
using Jam.Peer.Session;

namespace Jam.Peer.Cli.Demo;

/// <summary>A peer in a process of its own.</summary>
internal interface IPeerProcess : IDisposable
{
    /// <summary>Lines of standard output until it closes.</summary>
    IAsyncEnumerable<string> Output { get; }

    /// <summary>Lines of standard error until it closes.</summary>
    IAsyncEnumerable<string> Errors { get; }

    /// <summary>Completes when the process is gone.</summary>
    Task Exited { get; }

    /// <summary>Null while it runs.</summary>
    int? ExitCode { get; }

    /// <summary>Writes a line to its input; does nothing where it has left.</summary>
    void Say(string line);

    /// <summary>Closes its input and sends SIGTERM where there is one.</summary>
    void AskToLeave();

    /// <summary>Ends it at once.</summary>
    void Kill();
}

/// <summary>This very program again, as a child.</summary>
internal sealed partial class PeerProcess : IPeerProcess
{
    private const int SigTerm = 15;
    private readonly Process process;

    private PeerProcess(Process process)
    {
        this.process = process;
        Exited = process.WaitForExitAsync();
    }

    public Task Exited { get; }

    public int? ExitCode => process.HasExited ? process.ExitCode : null;

    public IAsyncEnumerable<string> Output => Lines(process.StandardOutput);

    public IAsyncEnumerable<string> Errors => Lines(process.StandardError);

    /// <summary>Starts this program with other arguments.</summary>
    /// <exception cref="JamException">The system refused.</exception>
    public static IPeerProcess Start(IReadOnlyList<string> arguments)
    {
        var (program, prefix) = ThisProgram();
        var start = new ProcessStartInfo(program, [.. prefix, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            return new PeerProcess(Process.Start(start) ?? throw new JamException("a peer's process could not be started"));
        }
        catch (Exception problem) when (problem is System.ComponentModel.Win32Exception or IOException)
        {
            throw new JamException($"a peer's process could not be started: {problem.Message}", problem);
        }
    }

    public void Say(string line)
    {
        try
        {
            process.StandardInput.WriteLine(line);
            process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // It has left; its exit code says more than this would.
        }
    }

    public void AskToLeave()
    {
        if (process.HasExited)
            return;
        if (!OperatingSystem.IsWindows())
            _ = Signal(process.Id, SigTerm);
        try
        {
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It left by itself in between.
        }
    }

    public void Kill() => process.Kill(entireProcessTree: true);

    public void Dispose() => process.Dispose();

    /// <summary>Started by the <c>dotnet</c> host, the program is the assembly; otherwise it is its own executable.</summary>
    private static (string Program, string[] Prefix) ThisProgram()
    {
        var path = Environment.ProcessPath ?? throw new JamException("this program does not know its own file");
        return Path.GetFileNameWithoutExtension(path) == "dotnet" ? (path, [Path.Combine(AppContext.BaseDirectory, typeof(PeerProcess).Assembly.GetName().Name + ".dll")]) : (path, []);
    }

    private static async IAsyncEnumerable<string> Lines(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
            yield return line;
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Signal(int processId, int signal);
}
