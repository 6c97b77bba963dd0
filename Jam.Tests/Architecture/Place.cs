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

    /// <summary>Each breach in words that say who may not know whom.</summary>
    /// <param name="references">What an assembly mentions.</param>
    /// <param name="program">The place that a top-level program (it has no namespace) counts to.</param>
    public List<string> Breaches(IEnumerable<Reference> references, string program)
    {
        var breaches = new List<string>();
        foreach (var reference in references)
        {
            var from = reference.FromNamespace.Length == 0 ? program : reference.FromNamespace;
            if (!IsOurs(from))
                continue;                       // attributes that the compiler embeds
            if (PlaceOf(from) is not { } place)
                breaches.Add($"{reference.From} stands in {from}, which has no place in the house");
            else if (!IsAllowed(place, reference))
                breaches.Add($"{place.Namespace} may not know {reference.ToType}: {reference}");
        }
        return [.. breaches.Distinct().Order(StringComparer.Ordinal)];
    }

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
