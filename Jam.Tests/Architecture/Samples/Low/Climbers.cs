using Jam.Tests.Architecture.Samples.High;

namespace Jam.Tests.Architecture.Samples.Low;

/// <summary>Breaks the arrow only as a generic argument of a local of a closure, the deepest place that there is.</summary>
internal static class ClimbsInAClosure
{
    public static Func<int, int> Make() => count =>
    {
        var found = new Dictionary<int, Above[]>();
        return found.Count + count;
    };
}

/// <summary>Uses only the data that is allowed by name.</summary>
internal static class UsesData
{
    public static int Read(AboveData data) => data.Value;
}
