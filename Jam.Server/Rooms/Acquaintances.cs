namespace Jam.Server.Rooms;

/// <summary>
/// Connections that know one another, in the order in which they came to. Immutable: what is added is written behind the end that all others
/// of the same array have, so that most of what is told to a crowd copies nothing. Two that go on from the same one part ways.
/// </summary>
internal readonly struct Acquaintances
{
    private const int Ahead = 16;

    private readonly long[]? _ids;
    private readonly int _count;

    public Acquaintances(ReadOnlySpan<long> ids)
        : this(ids.ToArray(), ids.Length)
    {
    }

    private Acquaintances(long[] ids, int count) => (_ids, _count) = (ids, count);

    public ReadOnlySpan<long> Ids => _ids.AsSpan(0, _count);

    /// <summary>With one more.</summary>
    public Acquaintances Add(long id)
    {
        // Nobody is 0: where one is written, another has gone on from here.
        if (_ids is { } ids && _count < ids.Length && ids[_count] == 0 && id != 0)
        {
            ids[_count] = id;
            return new Acquaintances(ids, _count + 1);
        }

        var larger = new long[_count + (id == 0 ? 1 : Ahead)];
        Ids.CopyTo(larger);
        larger[_count] = id;
        return new Acquaintances(larger, _count + 1);
    }

    /// <summary>Without one of them, should it be there.</summary>
    public Acquaintances Remove(long id)
    {
        var at = Ids.IndexOf(id);
        if (at < 0)
            return this;
        var fewer = new long[_count - 1];
        Ids[..at].CopyTo(fewer);
        Ids[(at + 1)..].CopyTo(fewer.AsSpan(at));
        return new Acquaintances(fewer, fewer.Length);
    }
}
