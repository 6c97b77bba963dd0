using System.Text.RegularExpressions;
using Jam.Tests.Architecture;
using NUnit.Framework;

namespace Jam.Tests.Doors;

/// <summary>THREATS.md promises tests; they are there.</summary>
[TestFixture]
internal sealed partial class ThreatsTests
{
    [Test]
    public void Every_test_that_is_named_exists_and_every_threat_names_one()
    {
        var rows = File.ReadAllLines(Path.Combine(RepositoryTests.Root().FullName, "Jam.Server", "THREATS.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| threat", StringComparison.Ordinal)).ToArray();
        var tests = typeof(ThreatsTests).Assembly.GetTypes().SelectMany(type => type.GetMethods())
            .Where(method => method.GetCustomAttributes(inherit: true).Any(a => a is TestAttribute or TestCaseAttribute or TestCaseSourceAttribute))
            .Select(method => method.Name).ToHashSet();
        Assert.That(rows, Has.Length.GreaterThan(30));
        Assert.Multiple(() =>
        {
            foreach (var row in rows)
            {
                var named = Name().Matches(row).Select(match => match.Groups[1].Value).ToArray();
                Assert.That(named, Is.Not.Empty, row);
                Assert.That(named.Where(name => !tests.Contains(name)), Is.Empty, row);
            }
        });
    }

    [GeneratedRegex("`([A-Z][a-z0-9]*(?:_[A-Za-z0-9]+){3,})`")]
    private static partial Regex Name();
}
