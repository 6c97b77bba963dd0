using System.Globalization;
using NUnit.Framework;

namespace Jam.Tests.Takeover;

/// <summary>
/// Networks that fall apart and come together. More seeds: <c>JAM_SEEDS=10000 dotnet test Jam.Tests --filter FullyQualifiedName~TakeoverModelTests</c>;
/// one again: <c>JAM_SEED=17</c> instead.
/// </summary>
[TestFixture]
internal sealed class TakeoverModelTests
{
    private const int SeedsInCi = 300;

    [Test]
    public void However_the_network_falls_apart_it_ends_in_one_room_with_one_state_under_the_highest_authority()
    {
        var one = Number("JAM_SEED");
        var seeds = one is { } seed ? [seed] : Enumerable.Range(1, Number("JAM_SEEDS") ?? SeedsInCi).ToArray();
        var (takeovers, moves, homecomings) = (0, 0, 0);
        foreach (var s in seeds)
        {
            var model = new TakeoverModel(s);
            var wrongs = model.Run();
            Assert.That(
                wrongs, Is.Empty,
                () => $"again: JAM_SEED={s} dotnet test Jam.Tests --filter FullyQualifiedName~TakeoverModelTests\n{string.Join('\n', model.Log)}");
            takeovers += model.Takeovers;
            moves += model.Moves.Moves;
            homecomings += model.Moves.Homecomings;
        }

        TestContext.Out.WriteLine($"{seeds.Length} seeds: {takeovers} takeovers, {moves} moves to a higher authority, {homecomings} homecomings");
        if (one is null)
            Assert.That((takeovers > seeds.Length / 2, moves > seeds.Length / 4, homecomings > 0), Is.EqualTo((true, true, true)), "the model must put the rules to the test");
    }

    private static int? Number(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : null;
}
