using Jam.Tests.Architecture.Samples.High;
using Jam.Tests.Architecture.Samples.Impure;
using Jam.Tests.Architecture.Samples.Low;
using Jam.Tests.Architecture.Samples.Pure;
using NUnit.Framework;

namespace Jam.Tests.Architecture;

/// <summary>Guards the direction of dependencies on what was compiled.</summary>
public sealed class ArrowTests
{
    private static readonly string ServerPath = Beside("Jam.Server.dll");
    private static readonly string PeerPath = Beside("Jam.Peer.dll");

    [Test]
    public void The_server_knows_neither_the_peer_nor_the_tests() =>
        Assert.That(AssemblyReferences.ReadAssemblyNames(ServerPath), Has.None.StartsWith("Jam."));

    [Test]
    public void The_peer_knows_the_server_alone() =>
        Assert.That(
            AssemblyReferences.ReadAssemblyNames(PeerPath).Where(name => name.StartsWith("Jam.", StringComparison.Ordinal)),
            Is.EqualTo(new[] { "Jam.Server" }));

    [Test]
    public void Inside_the_server_every_arrow_points_down() => AssertNone(SwarmJamHouse.Server, ServerPath, SwarmJamHouse.ServerProgram);

    [Test]
    public void Inside_the_peer_every_arrow_points_down() => AssertNone(SwarmJamHouse.Peer, PeerPath, SwarmJamHouse.PeerProgram);

    [Test]
    public void Every_rule_is_about_code_that_exists()
    {
        var server = SwarmJamHouse.Server.Unused(AssemblyReferences.Read(ServerPath), SwarmJamHouse.ServerProgram);
        var peer = SwarmJamHouse.Peer.Unused(AssemblyReferences.Read(PeerPath), SwarmJamHouse.PeerProgram);
        Assert.That(server.Concat(peer.Except(SwarmJamHouse.Server.Places)).Select(place => place.Namespace), Is.Empty);
    }

    [TestCase(typeof(ReadsTheStopwatch), "System.Diagnostics.Stopwatch")]
    [TestCase(typeof(ReadsTheWallClock), "System.DateTime.get_UtcNow")]
    [TestCase(typeof(ReadsTheTickCount), "System.Environment.get_TickCount64")]
    [TestCase(typeof(KeepsATimeProvider), "System.TimeProvider")]
    [TestCase(typeof(SharesRandomness), "System.Random.get_Shared")]
    [TestCase(typeof(SeedsItself), "System.Random..ctor()")]
    [TestCase(typeof(MakesAnId), "System.Guid.NewGuid")]
    [TestCase(typeof(AsksForAFile), "System.IO.File")]
    [TestCase(typeof(HoldsASocketInAGeneric), "System.Net.Sockets.Socket")]
    [TestCase(typeof(Awaits), "System.Threading.Tasks.Task")]
    [TestCase(typeof(Logs), "Microsoft.Extensions.Logging.ILogger")]
    [TestCase(typeof(Locks), "System.Threading.Monitor")]
    [TestCase(typeof(CatchesASocketError), "System.Net.Sockets.SocketException")]
    [TestCase(typeof(CallsNativeCode), "System.Runtime.InteropServices.DllImportAttribute")]
    [TestCase(typeof(TakesACancellation), "System.Threading.CancellationToken")]
    public void What_pure_code_may_not_use_is_found(Type sinner, string sin) =>
        Assert.That(BreachesOf(sinner, new Purity()), Has.Some.Contains(sin));

    [Test]
    public void What_pure_code_may_use_is_left_alone() => Assert.That(BreachesOf(typeof(IsPure), new Purity()), Is.Empty);

    [Test]
    public void A_type_that_is_allowed_besides_is_left_alone() =>
        Assert.That(BreachesOf(typeof(TakesACancellation), new Purity("System.Threading.CancellationToken")), Is.Empty);

    [Test]
    public void An_arrow_that_points_up_is_found_in_the_local_of_a_closure() =>
        Assert.That(
            BreachesOf(typeof(ClimbsInAClosure), null),
            Has.Some.Contains($"may not know {typeof(Above).FullName}: {typeof(ClimbsInAClosure).FullName}+"));

    [Test]
    public void Data_of_an_upper_place_may_be_named_by_the_lower_one() => Assert.That(BreachesOf(typeof(UsesData), null), Is.Empty);

    [Test]
    public void Code_without_a_place_is_found()
    {
        var house = new House([new Place(typeof(Above).Namespace!, [])]);
        Assert.That(house.Breaches(ReferencesOf(typeof(UsesData)), "Jam"), Has.Some.Contains("has no place in the house"));
    }

    [Test]
    public void A_program_without_a_namespace_counts_to_the_place_that_is_given()
    {
        var reference = new Reference("", "Program.<Main>$", typeof(Above).Namespace!, typeof(Above).FullName!, null);
        Assert.That(SampleHouse(null).Breaches([reference], typeof(UsesData).Namespace!), Has.Count.EqualTo(1));
    }

    private static void AssertNone(House house, string path, string program)
    {
        var references = AssemblyReferences.Read(path);
        Assert.That(references, Is.Not.Empty, "nothing was read");
        var breaches = house.Breaches(references, program);
        Assert.That(breaches, Is.Empty, string.Join('\n', breaches));
    }

    private static List<string> BreachesOf(Type sample, Purity? purity) =>
        SampleHouse(purity).Breaches(ReferencesOf(sample), sample.Namespace!);

    /// <summary>Each sample's namespace is a place that knows no other.</summary>
    private static House SampleHouse(Purity? purity) => new(
    [
        new Place(typeof(Above).Namespace!, []),
        new Place(typeof(UsesData).Namespace!, []) { MayKnowTypes = [typeof(AboveData).FullName!] },
        new Place(typeof(IsPure).Namespace!, [], purity),
        new Place(typeof(Awaits).Namespace!, [], purity),
    ]);

    private static IEnumerable<Reference> ReferencesOf(Type sample) =>
        AssemblyReferences.Read(typeof(ArrowTests).Assembly.Location).Where(reference => BelongsTo(reference.From, sample.FullName!));

    private static bool BelongsTo(string from, string type) =>
        from.StartsWith(type, StringComparison.Ordinal) && (from.Length == type.Length || from[type.Length] is '.' or '+');

    private static string Beside(string file) => Path.Combine(AppContext.BaseDirectory, file);
}
