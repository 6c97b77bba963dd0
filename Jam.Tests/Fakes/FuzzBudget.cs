using System.Globalization;

namespace Jam.Tests.Fakes;

/// <summary>
/// How many inputs a test of hostile input takes: few in every run, as many as JAM_FUZZ_INPUTS says in a run by hand.
/// </summary>
internal static class FuzzBudget
{
    private static readonly int? ByHand = int.TryParse(
        Environment.GetEnvironmentVariable("JAM_FUZZ_INPUTS"), NumberStyles.None, CultureInfo.InvariantCulture, out var inputs) ? inputs : null;

    /// <summary>Cases for one test.</summary>
    /// <param name="usually">In every run.</param>
    /// <param name="inputsPerCase">How many inputs one case counts for: frames of a script, or what a slow case stands for.</param>
    public static int Cases(int usually, int inputsPerCase = 1) => Math.Max(usually, (ByHand ?? 0) / inputsPerCase);
}
