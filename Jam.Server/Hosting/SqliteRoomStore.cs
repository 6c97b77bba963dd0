using System.Text.Json;
using Jam.Server.Rooms;

namespace Jam.Server.Hosting;

/// <summary>
/// Rooms in a folder, in two SQLite files: each change goes into the one and then into the other, so that a file which is damaged, or
/// was being written when the machine stopped, costs the last change at most.
/// </summary>
internal sealed class SqliteRoomStore : IRoomStore
{
    private readonly SqliteRoomFile[] _files;
    private long _version;

    private SqliteRoomStore(SqliteRoomFile[] files) => _files = files;

    /// <summary>Opens a folder, which is made where there is none.</summary>
    /// <exception cref="StoreException">It cannot be written to.</exception>
    public static SqliteRoomStore Open(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreException(e.Message, e);
        }
        catch (IOException e)
        {
            throw new StoreException(e.Message, e);
        }

        return new SqliteRoomStore([new SqliteRoomFile(Path.Combine(folder, "rooms.db")), new SqliteRoomFile(Path.Combine(folder, "rooms-copy.db"))]);
    }

    public IReadOnlyList<StoredRoom> Load(Action<string> tell)
    {
        var newest = new Dictionary<string, StoredRow>(StringComparer.Ordinal);
        foreach (var row in _files.SelectMany(file => file.Open(tell)))
        {
            if (!newest.TryGetValue(row.Name, out var other) || other.Version < row.Version)
                newest[row.Name] = row;
        }

        var rooms = new List<StoredRoom>();
        foreach (var row in newest.Values)
        {
            _version = Math.Max(_version, row.Version);
            if (Parse(row, tell) is not { } room)
                continue;
            rooms.Add(room);
            // What the other file lacks is made good.
            foreach (var file in _files)
                file.Put(row);
        }

        return rooms;
    }

    public void Save(StoredRoom room)
    {
        var row = StoredRow.Of(room.Name, ++_version, JsonSerializer.Serialize(room, StoreJsonContext.Default.StoredRoom));
        foreach (var file in _files)
            file.Put(row);
    }

    public void Remove(string name)
    {
        foreach (var file in _files)
            file.Remove(name);
    }

    public void Dispose()
    {
        foreach (var file in _files)
            file.Dispose();
    }

    private static StoredRoom? Parse(StoredRow row, Action<string> tell)
    {
        try
        {
            if (JsonSerializer.Deserialize(row.Json, StoreJsonContext.Default.StoredRoom) is { } room && room.IsValid())
                return room;
        }
        catch (JsonException)
        {
            // Told below: written by another version of this program, since its hash is right.
        }

        tell($"room {row.Name} was stored in a way that cannot be read; it begins anew");
        return null;
    }
}

/// <summary>Rooms cannot be kept where they should be.</summary>
public sealed class StoreException(string message, Exception inner) : IOException(message, inner);
