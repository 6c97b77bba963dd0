using System.Reflection;
using System.Text.Json;
using Jam.Peer.Cli.Terminal;
using Jam.Server.Hosting;
using Jam.Tests.Fakes;
using Jam.Tests.Storage;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace Jam.Tests.Ops;

/// <summary>Logs for programs: one JSON object a line, with names that stay.</summary>
internal sealed partial class JsonLogTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [LoggerMessage(EventId = 7, Level = LogLevel.Warning, Message = "Room {RoomName} of {Count}, {IsOpen}, {Nothing}")]
    private static partial void RoomSeen(ILogger logger, string roomName, int count, bool isOpen, string? nothing, Exception? problem);

    [Test]
    public async Task A_line_is_an_object_with_the_events_name_and_what_it_is_about()
    {
        var nasty = "a \"room\"\nwith\u2028lines, <b> and ünïcode";
        await using (var log = FileLog.Open(_folder["x.log"], LogLevel.Information, new ManualTimeProvider(), format: LogFormat.Json))
        {
            RoomSeen(log.CreateLogger("Jam.Server.Hosting.RoomHub"), nasty, 3, true, null, new InvalidOperationException("why"));
            log.Level = LogLevel.Error;
            RoomSeen(log.CreateLogger("x"), "not this", 1, true, null, null);
        }

        var line = (await File.ReadAllLinesAsync(_folder["x.log"])).Single();
        Assert.That(line, Does.Not.Contain('\u2028').And.Contain("ünïcode"));
        using var json = JsonDocument.Parse(line);
        var root = json.RootElement;
        Assert.Multiple(() =>
        {
            Assert.That(root.EnumerateObject().Select(p => p.Name), Is.EqualTo("ts level category event event_id message fields exception".Split(' ')));
            Assert.That(root.GetProperty("ts").GetString(), Does.Match(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"));
            Assert.That(root.GetProperty("level").GetString(), Is.EqualTo("warn"));
            Assert.That(root.GetProperty("category").GetString(), Is.EqualTo("RoomHub"));
            Assert.That(root.GetProperty("event").GetString(), Is.EqualTo("RoomSeen"));
            Assert.That(root.GetProperty("event_id").GetInt32(), Is.EqualTo(7));
            Assert.That(root.GetProperty("message").GetString(), Does.StartWith("Room " + nasty));
            Assert.That(root.GetProperty("fields").GetRawText(), Does.EndWith("\"count\":3,\"is_open\":true,\"nothing\":null}"));
            Assert.That(root.GetProperty("fields").GetProperty("room_name").GetString(), Is.EqualTo(nasty));
            Assert.That(root.GetProperty("exception").GetString(), Does.Contain("why"));
        });
    }

    [Test]
    public void Every_events_name_and_number_is_its_own_within_its_class()
    {
        var events = from assembly in new[] { typeof(JamServerOptions).Assembly, typeof(ConsoleLines).Assembly }
                     from type in assembly.GetTypes()
                     from method in type.GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public)
                     let message = method.GetCustomAttribute<LoggerMessageAttribute>()
                     where message is not null
                     select (Class: type.FullName, message.EventId, Name: message.EventName ?? method.Name);
        var all = events.ToArray();
        Assert.That(all, Is.Not.Empty);
        Assert.That(all.GroupBy(e => (e.Class, e.EventId)).Where(g => g.Count() > 1).Select(g => string.Join(" and ", g)), Is.Empty);
        Assert.That(all.GroupBy(e => (e.Class, e.Name)).Where(g => g.Count() > 1).Select(g => string.Join(" and ", g)), Is.Empty);
        Assert.That(all.Where(e => e.EventId <= 0), Is.Empty);
    }

    [Test]
    public void A_peers_console_speaks_JSON_where_it_is_told_to_and_keeps_the_pages_key_to_itself()
    {
        var lines = new ConsoleLines(LogFormat.Json, new ManualTimeProvider());
        foreach (var (line, name) in new[] { (lines.Notice("x#key=secret"), "Notice"), (lines.Reply("x#key=secret"), "Answer"), (lines.Failure("x#key=secret"), "Failed") })
        {
            using var json = JsonDocument.Parse(line);
            Assert.That(json.RootElement.GetProperty("event").GetString(), Is.EqualTo(name));
            Assert.That(line, Does.Not.Contain("secret"));
        }

        var plain = new ConsoleLines(LogFormat.Text, new ManualTimeProvider());
        Assert.That((plain.Notice("a\nb"), plain.Failure("no")), Is.EqualTo(("a b", "jam: no")));
    }

    [Test]
    public async Task A_console_gets_whole_lines_of_the_same_kind()
    {
        using var text = new StringWriter();
        await using (var log = FileLog.OnConsole(text, LogLevel.Warning, new ManualTimeProvider(), LogFormat.Json))
        {
            RoomSeen(log.CreateLogger("hub"), "jam", 1, false, "x", null);
            RoomSeen(log.CreateLogger("hub"), "jam", 2, false, "x", null);
        }

        var lines = text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("fields").GetProperty("count").GetInt32()), Is.EqualTo(new[] { 1, 2 }));
    }
}
