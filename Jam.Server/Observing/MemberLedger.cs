using System.Collections.Concurrent;
using Jam.Server.Contracts;

namespace Jam.Server.Observing;

/// <summary>What one member last reported, and where it sits.</summary>
/// <param name="Room">Its room's name.</param>
/// <param name="IsHost">Whether it is the room's host.</param>
/// <param name="Stats">Its figures.</param>
/// <param name="Totals">What it counts; null where it says nothing of it (browsers, other clients).</param>
internal sealed record MemberEntry(string Room, bool IsHost, MemberStats Stats, MemberTotals? Totals);

/// <summary>
/// What members last reported, by connection. The rooms' loop alone writes; whoever gathers metrics reads meanwhile. What counts up at a
/// member counts up here by its differences: a member that comes anew, or that counts from zero again, begins at what it then says.
/// </summary>
internal sealed class MemberLedger
{
    private readonly ConcurrentDictionary<long, MemberEntry> _entries = new();
    private long _received;
    private long _useful;
    private long _hostSent;
    private long _viewerSent;
    private long _stalls;

    /// <summary>Chunk bytes that arrived at members since they joined.</summary>
    public long ReceivedBytes => Interlocked.Read(ref _received);

    /// <summary>Of those, bytes that were new to their receiver and verified.</summary>
    public long UsefulBytes => Interlocked.Read(ref _useful);

    /// <summary>Chunk bytes that hosts sent.</summary>
    public long HostSentBytes => Interlocked.Read(ref _hostSent);

    /// <summary>Chunk bytes that viewers sent.</summary>
    public long ViewerSentBytes => Interlocked.Read(ref _viewerSent);

    /// <summary>How often members ran dry.</summary>
    public long Stalls => Interlocked.Read(ref _stalls);

    /// <summary>Everyone who reported, as it is now.</summary>
    public IEnumerable<MemberEntry> Entries => _entries.Values;

    public void Note(long connection, MemberEntry entry)
    {
        var before = _entries.GetValueOrDefault(connection)?.Totals;
        _entries[connection] = entry;
        if (before is null || entry.Totals is not { } now)
            return;
        Add(ref _received, before.ReceivedBytes, now.ReceivedBytes);
        Add(ref _useful, before.UsefulBytes, now.UsefulBytes);
        Add(ref entry.IsHost ? ref _hostSent : ref _viewerSent, before.SentBytes, now.SentBytes);
        Add(ref _stalls, before.Stalls, now.Stalls);
    }

    public void Remove(long connection) => _entries.TryRemove(connection, out _);

    private static void Add(ref long sum, long before, long now)
    {
        // A member may say anything: one report adds no more than a day at a gigabyte a second.
        if (now > before)
            Interlocked.Add(ref sum, Math.Min(now - before, 86_400_000_000_000));
    }
}
