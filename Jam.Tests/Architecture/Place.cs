namespace Jam.Tests.Architecture;

/// <summary>One place of the house and whom it may know.</summary>
/// <param name="Namespace">Its namespace; what lies below it belongs to it.</param>
/// <param name="MayKnow">Other places, whole.</param>
/// <param name="Purity">What it may use of the framework; null where it may use all.</param>
internal sealed record Place(string Namespace, string[] MayKnow, Purity? Purity = null)
{
    /// <summary>Single types of other places that it may know too.</summary>
    public string[] MayKnowTypes { get; init; } = [];

    public bool Holds(string ns) => ns == Namespace || ns.StartsWith(Namespace + ".", StringComparison.Ordinal);
}

/// <summary>A set of places, and what breaks their rules.</summary>
internal sealed class House(IReadOnlyList<Place> places)
{
    /// <summary>Namespaces that begin so are ours, and every one of them needs a place.</summary>
    private const string Ours = "Jam";

    public IReadOnlyList<Place> Places { get; } = places;

    /// <summary>Each kind of breach once, in words that say who may not know whom and where it does.</summary>
    /// <param name="references">What an assembly mentions.</param>
    /// <param name="program">The place that a top-level program (it has no namespace) counts to.</param>
    public List<string> Breaches(IEnumerable<Reference> references, string program)
    {
        var homeless = new SortedSet<string>(StringComparer.Ordinal);
        var forbidden = new List<(string Rule, string Where)>();
        foreach (var reference in references)
        {
            var from = reference.FromNamespace.Length == 0 ? program : reference.FromNamespace;
            if (!IsOurs(from))
                continue;                       // attributes that the compiler embeds
            if (PlaceOf(from) is not { } place)
                homeless.Add($"{from} has no place in the house");
            else if (!IsAllowed(place, reference))
                forbidden.Add(($"{place.Namespace} may not know {reference.ToType}", reference.ToString()));
        }
        var sentences = from one in forbidden
                        group one.Where by one.Rule into rule
                        orderby rule.Key
                        select $"{rule.Key}: {string.Join("; ", rule.Order(StringComparer.Ordinal).Take(4))}{More(rule.Count() - 4)}";
        return [.. homeless, .. sentences];
    }

    /// <summary>The places that none of the references stands in: a rule about nobody guards nothing.</summary>
    public IEnumerable<Place> Unused(IEnumerable<Reference> references, string program)
    {
        var used = references.Select(reference => PlaceOf(reference.FromNamespace.Length == 0 ? program : reference.FromNamespace)).ToHashSet();
        return Places.Where(place => !used.Contains(place));
    }

    private static string More(int count) => count > 0 ? $"; and {count} more" : "";

    private bool IsAllowed(Place place, Reference reference)
    {
        if (!IsOurs(reference.ToNamespace))
            return reference.ToNamespace.Length == 0 || place.Purity is null || place.Purity.Allows(reference);
        return place.MayKnowTypes.Contains(reference.ToType)
            || (PlaceOf(reference.ToNamespace) is { } target && (target == place || place.MayKnow.Contains(target.Namespace)));
    }

    private Place? PlaceOf(string ns) => Places.Where(place => place.Holds(ns)).MaxBy(place => place.Namespace.Length);

    private static bool IsOurs(string ns) => ns == Ours || ns.StartsWith(Ours + ".", StringComparison.Ordinal);
}
