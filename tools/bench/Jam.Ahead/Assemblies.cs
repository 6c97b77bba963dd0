using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Jam.Ahead;

/// <summary>An assembly's metadata.</summary>
internal sealed record Library(string Name, MetadataReader Reader);

/// <summary>The very assemblies that a traced program consisted of: its tokens mean nothing in others.</summary>
internal sealed class Assemblies(string folder) : IDisposable
{
    private readonly Dictionary<string, (PEReader File, Library Library)> _open = [];

    /// <summary>The assembly of a name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public Library Find(string name)
    {
        if (_open.TryGetValue(name, out var known))
            return known.Library;
        var path = Path.Combine(folder, name + ".dll");
        if (!File.Exists(path))
            throw new KeyNotFoundException(path);
        var file = new PEReader(File.OpenRead(path));
        var library = new Library(name, file.GetMetadataReader());
        _open[name] = (file, library);
        return library;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (file, _) in _open.Values)
            file.Dispose();
    }
}
