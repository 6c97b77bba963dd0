using System.Collections.Concurrent;
using Jam.Peer.Wire;

namespace Jam.Peer.Session;

/// <summary>Says once per track and cause what a disk did not do; a full one would say it for every chunk.</summary>
internal sealed class StorageNotices(TrackShelf shelf, Action<string> notice)
{
    private readonly ConcurrentDictionary<(TrackId, string), bool> _said = new();

    /// <summary>A chunk could not be kept on disk, or not be read from it.</summary>
    public void Add(TrackId track, string problem)
    {
        if (_said.TryAdd((track, problem), true))
            notice($"{shelf.Find(track.ToString())?.Info.Name ?? "a track"}: {problem}; what the disk does not take is kept in memory");
    }
}
