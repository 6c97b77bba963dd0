using Jam.Peer.Session;

namespace Jam.Peer.Cli.Options;

/// <summary>What the checks of the command line need to know of the machine, so that they stay a pure function.</summary>
/// <param name="DefaultName">The name where none is given.</param>
/// <param name="FileExists">Whether a path names a file that can be read.</param>
/// <param name="FolderExists">Whether a path names a folder.</param>
/// <param name="FolderProblem">Why files cannot be written to a folder, for people; null where they can.</param>
internal sealed record CliFacts(
    string DefaultName, Func<string, bool> FileExists, Func<string, bool> FolderExists, Func<string, string?> FolderProblem)
{
    /// <summary>What was built in.</summary>
    public BuiltParts Parts { get; init; } = BuiltParts.OfThisProgram;

    /// <summary>The first line of a file; null where there is none that can be read.</summary>
    public Func<string, string?> FirstLine { get; init; } = _ => null;

    /// <summary>A variable of the environment; null where it is not set.</summary>
    public Func<string, string?> Variable { get; init; } = _ => null;

    /// <summary>Where a peer logs to unless it is told otherwise; null: nowhere.</summary>
    public string? DefaultLogFile { get; init; }

    /// <summary>The facts of this machine.</summary>
    public static CliFacts OfThisMachine() =>
        new($"{Environment.UserName}@{Environment.MachineName}", File.Exists, Directory.Exists, ProbeFolder) 
        {
            DefaultLogFile = LogWords.DefaultFile(), FirstLine = ReadLine, Variable = Environment.GetEnvironmentVariable,
        };

    private static string? ReadLine(string path)
    {
        try
        {
            return File.ReadLines(path).FirstOrDefault() ?? "";
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Only writing tells whether one may write. A folder that does not exist is made, as the run would do.</summary>
    private static string? ProbeFolder(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            var probe = Path.Combine(folder, $".jam-{Environment.ProcessId}.probe");
            using var file = new FileStream(probe, FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
            return null;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return problem.Message.TrimEnd('.');
        }
    }
}
