using Jam.Peer.Audio;
using Jam.Peer.Session;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.Audio;

public sealed class LatencyStoreTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void What_is_saved_for_a_device_is_found_by_the_next_run()
    {
        var folder = Path.Combine(_folder.Path, "not", "there yet");
        new LatencyStore(folder, Fail).Save("speaker", 182.5);
        new LatencyStore(folder, Fail).Save("phones", -3);
        new LatencyStore(folder, Fail).Save("speaker", 180);
        var next = new LatencyStore(folder, Fail);
        Assert.That((next.Find("speaker"), next.Find("phones"), next.Find("other"), next.Find(null)), Is.EqualTo((180.0, -3.0, (double?)null, (double?)null)));
    }

    [TestCase("{")]
    [TestCase("[1,2]")]
    [TestCase("""{"speaker":"late"}""")]
    public void A_file_that_makes_no_sense_costs_one_line(string text)
    {
        File.WriteAllText(Path.Combine(_folder.Path, "latency.json"), text);
        var said = new List<string>();
        Assert.That(new LatencyStore(_folder.Path, said.Add).Find("speaker"), Is.Null);
        Assert.That(said, Has.Count.EqualTo(1).And.One.Contains("latency.json"));
    }

    [Test]
    public void A_latency_that_no_device_has_is_not_believed()
    {
        File.WriteAllText(Path.Combine(_folder.Path, "latency.json"), """{"speaker":1e9}""");
        Assert.That(new LatencyStore(_folder.Path, Fail).Find("speaker"), Is.Null);
    }

    [Test]
    public void A_folder_that_cannot_be_made_is_one_line()
    {
        var file = Path.Combine(_folder.Path, "file");
        File.WriteAllText(file, "");
        Assert.That(() => new LatencyStore(file, Fail).Save("speaker", 1), Throws.TypeOf<JamException>().With.Message.Contains("cannot save"));
    }

    private static void Fail(string line) => Assert.Fail(line);
}
