namespace Jam.Server.Observing;

/// <summary>A room's name, how many are in it, and whether it may be named.</summary>
internal readonly record struct RoomSize(string Name, int Members, bool IsListed);

/// <summary>What the members of a room, or of several under one label, come to.</summary>
/// <param name="Label">The room's name, or <see cref="RoomFigures.Others"/> or <see cref="RoomFigures.Unlisted"/>.</param>
/// <param name="Members">How many are in it.</param>
/// <param name="SyncErrors">Distances of what is heard from the timeline, microseconds, smallest first.</param>
/// <param name="Stalls">How often those who are there ran dry.</param>
/// <param name="ReceivedBytes">Chunk bytes that arrived at those who are there.</param>
/// <param name="UsefulBytes">Of those, bytes that were new and verified.</param>
/// <param name="HostCopies">How often the host has sent its current track out; null where none reports it.</param>
internal sealed record RoomFigure(
    string Label, int Members, double[] SyncErrors, long Stalls, long ReceivedBytes, long UsefulBytes, double? HostCopies)
{
    /// <summary>A quantile of the sync errors, microseconds; null where nobody sounds.</summary>
    public double? SyncErrorUs(double quantile) =>
        SyncErrors.Length == 0 ? null : SyncErrors[Math.Clamp((int)Math.Ceiling(quantile * SyncErrors.Length) - 1, 0, SyncErrors.Length - 1)];
}

/// <summary>
/// Rooms as metrics. Only the largest that are listed have a label of their own, however many there are: the rest goes together, and
/// a room that its host keeps off the list is not named here either. Pure.
/// </summary>
internal static class RoomFigures
{
    /// <summary>Rooms that are named at most.</summary>
    public const int MaxNamed = 50;

    /// <summary>Stands for all rooms that are not named for want of place. No room can be called so.</summary>
    public const string Others = "(others)";

    /// <summary>Stands for all rooms that are not listed.</summary>
    public const string Unlisted = "(unlisted)";

    public static IReadOnlyList<RoomFigure> Of(IEnumerable<RoomSize> rooms, IEnumerable<MemberEntry> members)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        var sums = new Dictionary<string, Sum>(StringComparer.Ordinal);
        foreach (var room in rooms.OrderByDescending(r => r.Members).ThenBy(r => r.Name, StringComparer.Ordinal))
        {
            var label = !room.IsListed ? Unlisted : sums.Count(s => s.Key is not (Others or Unlisted)) < MaxNamed ? room.Name : Others;
            labels[room.Name] = label;
            if (!sums.TryGetValue(label, out var sum))
                sums[label] = sum = new Sum();
            sum.Members += room.Members;
        }

        foreach (var member in members)
        {
            if (labels.TryGetValue(member.Room, out var label))
                sums[label].Add(member);
        }

        return [.. sums.Select(s => s.Value.ToFigure(s.Key)).OrderBy(f => f.Label, StringComparer.Ordinal)];
    }

    private sealed class Sum
    {
        private readonly List<double> _errors = [];
        private long _stalls;
        private long _received;
        private long _useful;
        private double? _copies;

        public int Members { get; set; }

        public void Add(MemberEntry member)
        {
            if (member.Stats.SyncErrorUs is { } error)
                _errors.Add(Math.Abs(error));
            if (member.Totals is not { } totals)
                return;
            _stalls += totals.Stalls;
            _received += totals.ReceivedBytes;
            _useful += totals.UsefulBytes;
            if (member.IsHost && totals.Copies is { } copies)
                _copies = Math.Max(_copies ?? 0, copies);
        }

        public RoomFigure ToFigure(string label)
        {
            _errors.Sort();
            return new RoomFigure(label, Members, [.. _errors], _stalls, _received, _useful, _copies);
        }
    }
}
