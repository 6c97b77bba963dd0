namespace Jam.Tests.Storage;

/// <summary>A folder of one test's own, gone with it.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("swarmjam-test-").FullName;

    public string this[params string[] parts] => System.IO.Path.Combine([Path, .. parts]);

    public string Make(string name)
    {
        var folder = this[name];
        Directory.CreateDirectory(folder);
        return folder;
    }

    public string Write(string name, byte[] content)
    {
        File.WriteAllBytes(this[name], content);
        return this[name];
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
