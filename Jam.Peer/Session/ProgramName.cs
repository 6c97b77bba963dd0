namespace Jam.Peer.Session;

/// <summary>What people type to start this program: <c>tools/jam</c> in a clone, where .NET's own program runs it, else its file's name.</summary>
internal static class ProgramName
{
    /// <summary>As it is typed on this machine.</summary>
    public static string Typed { get; } = Of(Environment.ProcessPath);

    /// <summary>As it is typed where a process runs from this file.</summary>
    public static string Of(string? path) => Path.GetFileNameWithoutExtension(path) switch
    {
        null or "" or "dotnet" or "testhost" or "Jam.Peer" => "tools/jam",
        var own => own,
    };
}
