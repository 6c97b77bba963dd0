using Jam.Server.Rooms;

namespace Jam.Server.Hosting;

/// <summary>Where rooms outlive their server. One thread at a time calls it, and never the one that owns the rooms.</summary>
internal interface IRoomStore : IDisposable
{
    /// <summary>What was kept. Whatever of it cannot be read is told and left out.</summary>
    IReadOnlyList<StoredRoom> Load(Action<string> tell);

    /// <summary>Keeps a room, in place of what was kept of it.</summary>
    /// <exception cref="IOException">It could not be written.</exception>
    void Save(StoredRoom room);

    /// <summary>Forgets a room.</summary>
    /// <exception cref="IOException">It could not be written.</exception>
    void Remove(string name);
}
