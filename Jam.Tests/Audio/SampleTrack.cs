namespace Jam.Tests.Audio;

/// <summary>The track that comes with the program.</summary>
internal static class SampleTrack
{
    public static string Path { get; } = Find();

    public static byte[] Bytes() => File.ReadAllBytes(Path);

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "SwarmJam.sln")))
            folder = folder.Parent;
        return System.IO.Path.Combine(folder?.FullName ?? ".", "tools", "assets", "track.mp3");
    }
}
