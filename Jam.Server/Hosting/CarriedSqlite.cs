using System.Globalization;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Jam.Server.Hosting;

/// <summary>
/// SQLite in a program that is one file: its library travels as a resource and is loaded where rooms are to be kept, by way of a file in
/// their folder that is gone again at once. (The runtime's own way would unpack it at every user's first start, before anything runs, and
/// needs a home folder for that, which a service has not.)
/// </summary>
internal static class CarriedSqlite
{
    public const string Resource = "native/libe_sqlite3.so";

    private const string Library = "e_sqlite3";

    // The resolver belongs to the process and can be set once.
    private static readonly Lock s_gate = new();
    private static bool s_isPrepared;

    /// <summary>Has the library come from here, where this program carries one. Before SQLite is first used.</summary>
    /// <param name="folder">May be written to.</param>
    /// <exception cref="StoreException">It cannot be loaded from there, nor from the folder for temporary files.</exception>
    public static void Prepare(string folder)
    {
        lock (s_gate)
        {
            if (s_isPrepared)
                return;
            using var carried = typeof(CarriedSqlite).Assembly.GetManifestResourceStream(Resource);
            if (carried is not null)
            {
                var handle = Load(carried, [folder, Path.GetTempPath()]);
                NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, (name, _, _) => name == Library ? handle : 0);
            }

            s_isPrepared = true;
        }
    }

    /// <summary>Loads a library from the first folder that allows it.</summary>
    /// <exception cref="StoreException">None does.</exception>
    internal static nint Load(Stream library, IReadOnlyList<string> folders)
    {
        Exception? problem = null;
        foreach (var folder in folders)
        {
            var path = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $".lib{Library}-{Guid.NewGuid():N}.so"));
            try
            {
                library.Position = 0;
                using (var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write))
                    library.CopyTo(file);
                return NativeLibrary.Load(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or DllNotFoundException or BadImageFormatException)
            {
                // Full, read-only, or without the right to run what lies there: the next one.
                problem = e;
            }
            finally
            {
                if (File.Exists(path))
                    File.Delete(path);
            }
        }

        throw new StoreException($"SQLite's library can be loaded from none of {string.Join(", ", folders)}: {problem?.Message}", problem!);
    }
}
