using System.Collections.Concurrent;
using System.Text.Json;
using Jam.Server.Fleet.Postgres;
using Jam.Server.Rooms;

namespace Jam.Server.Hosting;

/// <summary>
/// Rooms in the fleet's database. A room is written only while this server holds it, and the statement itself refuses a write under an
/// epoch that another server has gone beyond.
/// </summary>
internal sealed class FleetRoomStore(FleetDatabase database, Guid self, TimeProvider time) : IRoomStore
{
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(0.5);

    private readonly ConcurrentDictionary<string, long> _held = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _unsaved = new(StringComparer.Ordinal);
    private long _failed;

    /// <summary>Takes the name of a room whose write was refused: another server has it. Any thread.</summary>
    public Action<string>? OnRefused { get; set; }

    /// <summary>Rooms whose newest change is not in the database.</summary>
    public int Unsaved => _unsaved.Count;

    /// <summary>Rooms that are held, with their rows' epochs.</summary>
    public IReadOnlyDictionary<string, long> Held => _held;

    /// <summary>A room is this server's under this epoch.</summary>
    public void Hold(string room, long epoch) => _held[room] = epoch;

    /// <summary>It is not any more: what still waits to be written of it is not.</summary>
    public void Drop(string room)
    {
        _held.TryRemove(room, out _);
        _unsaved.TryRemove(room, out _);
    }

    /// <summary>The database answers again: what is to be written goes there at once.</summary>
    public void Resume() => Volatile.Write(ref _failed, 0);

    /// <summary>Nothing: a server of a fleet takes a room up when it is asked for.</summary>
    public IReadOnlyList<StoredRoom> Load(Action<string> tell) => [];

    public void Save(StoredRoom room)
    {
        if (!_held.TryGetValue(room.Name, out var held))
            return;
        var epoch = Math.Max(held, room.Timeline.Epoch);
        try
        {
            SkipWhileAbsent();
            if (!database.Save(room.Name, self, held, epoch, Write(room)))
            {
                OnRefused?.Invoke(room.Name);
                return;
            }

            _held.TryUpdate(room.Name, epoch, held);
            _unsaved.TryRemove(room.Name, out _);
        }
        catch (Exception e) when (FleetDatabase.IsAbsent(e))
        {
            _unsaved[room.Name] = true;
            Volatile.Write(ref _failed, time.GetTimestamp());
            throw new IOException(e.Message, e);
        }
    }

    public void Remove(string name)
    {
        if (!_held.TryRemove(name, out var held))
            return;
        _unsaved.TryRemove(name, out _);
        try
        {
            SkipWhileAbsent();
            database.Remove(name, self, held);
        }
        catch (Exception e) when (FleetDatabase.IsAbsent(e))
        {
            // The row outlives the room until the fleet sweeps.
            Volatile.Write(ref _failed, time.GetTimestamp());
            throw new IOException(e.Message, e);
        }
    }

    /// <summary>The agent, which shares the database, disposes it.</summary>
    public void Dispose()
    {
        _held.Clear();
        _unsaved.Clear();
    }

    /// <summary>A room as its row holds it.</summary>
    public static string Write(StoredRoom room) => JsonSerializer.Serialize(room, StoreJsonContext.Default.StoredRoom);

    /// <summary>The row's room; null where it cannot be read.</summary>
    public static StoredRoom? Read(string? json)
    {
        try
        {
            return json is not null && JsonSerializer.Deserialize(json, StoreJsonContext.Default.StoredRoom) is { } room && room.IsValid() ? room : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // With the database gone, each of a hundred rooms would wait for it in turn.
    private void SkipWhileAbsent()
    {
        if (Volatile.Read(ref _failed) is var failed && failed != 0 && time.GetElapsedTime(failed) < _pause)
            throw new TimeoutException("the database did not answer a moment ago");
    }
}
