using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Jam.Server.Hosting;
using Jam.Tests.Fakes;
using Jam.Tests.Storage;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>The log: how large it gets, who may write it, and that nobody waits for it.</summary>
internal sealed partial class FileLogTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    private static void Say(ILogger logger, LogLevel level, string what) => logger.Log(level, default, what, null, (text, _) => text);

    [Test]
    public async Task A_line_has_a_stamp_a_level_and_where_it_comes_from()
    {
        await using (var log = FileLog.Open(_folder["logs", "peer.log"], LogLevel.Information, new ManualTimeProvider()))
        {
            Say(log.CreateLogger("Jam.Peer.room"), LogLevel.Warning, "a name\nwith a line\u2028in it");
            Say(log.CreateLogger("room"), LogLevel.Debug, "not this");
            log.Level = LogLevel.Debug;
            Say(log.CreateLogger("room"), LogLevel.Debug, "but this");
            log.Level = LogLevel.None;
            Say(log.CreateLogger("room"), LogLevel.Error, "nor this");
        }

        var lines = await File.ReadAllLinesAsync(_folder["logs", "peer.log"]);
        Assert.That(lines, Has.Length.EqualTo(2));
        Assert.That(lines[0], Does.Match(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warn room: a name with a line in it$"));
        Assert.That(lines[1], Does.EndWith("Z debug room: but this"));
    }

    [Test]
    public void Files_are_put_aside_by_size_and_the_oldest_goes()
    {
        using (var file = RotatingFile.Open(_folder["peer.log"], maxBytes: 1000, files: 3))
        {
            for (var i = 0; i < 100; i++)
                Assert.That(file.Write(new StringBuilder($"{i:000} {new string('x', 95)}\n")), Is.True);
        }

        Assert.That(Directory.GetFiles(_folder.Path).Select(Path.GetFileName), Is.EquivalentTo(new[] { "peer.log", "peer.log.1", "peer.log.2", ".peer.log.lock" }));
        var kept = new[] { "peer.log.2", "peer.log.1", "peer.log" }.SelectMany(name => File.ReadAllLines(_folder[name])).Select(line => line[..3]);
        Assert.That(kept, Is.EqualTo(Enumerable.Range(70, 30).Select(i => i.ToString("000", CultureInfo.InvariantCulture))));
    }

    [Test]
    public void Another_process_gets_a_file_of_its_own_and_the_first_one_again_once_that_is_free()
    {
        var path = _folder["peer.log"];
        var first = RotatingFile.Open(path, 1000, 2);
        using var second = RotatingFile.Open(path, 1000, 2);
        Assert.That((first.Path, second.Path), Is.EqualTo((path, _folder["peer-2.log"])));
        first.Dispose();
        using var third = RotatingFile.Open(path, 1000, 2);
        Assert.That(third.Path, Is.EqualTo(path));
    }

    [Test]
    public async Task What_does_not_fit_the_queue_is_counted_and_nobody_waits()
    {
        const int Lines = 20_000;
        await using (var log = FileLog.Open(_folder["peer.log"], LogLevel.Information, TimeProvider.System, capacity: 4))
        {
            var logger = log.CreateLogger("room");
            for (var i = 0; i < Lines; i++)
                Say(logger, LogLevel.Information, "a line");
        }

        var text = await File.ReadAllTextAsync(_folder["peer.log"]);
        var lost = Lost().Matches(text).Sum(m => int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture));
        Assert.That(lost, Is.GreaterThan(0));
        Assert.That(text.Split("room: a line\n").Length - 1 + lost, Is.EqualTo(Lines));
    }

    [Test]
    public void A_folder_that_cannot_be_written_is_said()
    {
        var file = _folder.Write("taken", [1]);
        Assert.That(() => FileLog.Open(Path.Combine(file, "peer.log"), LogLevel.Information, TimeProvider.System), Throws.InstanceOf<IOException>());
    }

    [GeneratedRegex(@"log: (\d+) lines were lost")]
    private static partial Regex Lost();
}
