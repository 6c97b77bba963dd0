using System.Diagnostics;
using System.Text.Json;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace Jam.Tests.Server;

/// <summary>The exchange by hand, done by a WebSocket client that SwarmJam did not write: Debian's python3-websockets.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class ForeignClientTests
{
    private const string Python = "/usr/bin/python3";

    private const string Script = """
        import asyncio, json, sys
        import websockets

        async def main(url):
            async with websockets.connect(url) as host, websockets.connect(url) as viewer:
                lines = []
                async def until(socket, kind):
                    while True:
                        text = await socket.recv()
                        if json.loads(text)["type"] == kind:
                            return text
                await host.send('{"type":"HELLO","role":"host"}')
                lines.append(await host.recv())
                await viewer.send('{"type":"HELLO","payload":{"role":"viewer","name":"bo"}}')
                lines.append(await viewer.recv())
                await viewer.send('{"type":"PLAY"}')
                lines.append(await until(viewer, "ERROR"))
                await host.send('{"type":"PLAY","offset_sec":12.5}')
                lines.append(await until(viewer, "STATE"))
                await host.send('{"type":"STOP"}')
                lines.append(await until(viewer, "STATE"))
                await host.send('{"type":"BYE"}')
                lines.append(await until(viewer, "PEER_LEFT"))
                print("\n".join(lines))

        asyncio.run(main(sys.argv[1]))
        """;

    [Test]
    public async Task A_client_that_this_project_did_not_write_does_the_exchange_by_hand(CancellationToken ct)
    {
        await using var server = await JamServer.StartAsync(new JamServerOptions { Port = 0 }, TimeProvider.System, NullLoggerFactory.Instance, ct);
        var (code, output, errors) = await RunAsync(["-c", Script, $"ws://127.0.0.1:{server.Port}/ws/jam"], ct);
        if (errors.Contains("No module named 'websockets'", StringComparison.Ordinal))
            Assert.Fail($"{Python} lacks the websockets module: install Debian's package python3-websockets.");
        Assert.That(code, Is.Zero, errors);
        var answers = output.TrimEnd().Split('\n').Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.That(answers.Select(a => a.GetProperty("type").GetString()), Is.EqualTo(new[] { "STATE", "STATE", "ERROR", "STATE", "STATE", "PEER_LEFT" }));
        AssertState(answers[0], "PAUSE", "0.0");
        AssertState(answers[1], "PAUSE", "0.0");
        Assert.That(answers[2].GetProperty("payload").GetProperty("code").GetString(), Is.EqualTo("not_host"));
        AssertState(answers[3], "PLAY", "12.5");
        AssertState(answers[4], "STOP", "0.0");
    }

    [Test]
    public async Task A_client_that_this_project_did_not_write_goes_through_every_message_and_nearly_every_error(CancellationToken ct)
    {
        await using var server = await JamServer.StartAsync(new JamServerOptions { Port = 0 }, TimeProvider.System, NullLoggerFactory.Instance, ct);
        var script = Path.Combine(AppContext.BaseDirectory, "Server", "every_message.py");
        var (code, output, errors) = await RunAsync([script, $"ws://127.0.0.1:{server.Port}/ws"], ct);
        Assert.That(code, Is.Zero, errors);
        var seen = JsonDocument.Parse(output).RootElement;
        Assert.That(Words("said"), Is.EquivalentTo(Types(typeof(ClientMessage))));
        Assert.That(Words("heard"), Is.EquivalentTo(Types(typeof(ServerMessage))));
        // The others take a full list, a full room, a full server, or longer than a test may.
        Assert.That(
            typeof(ErrorCodes).GetFields().Select(f => (string)f.GetValue(null)!).Except(Words("codes")),
            Is.SubsetOf(new[] { "loop_full", "queue_full", "room_full", "server_full", "moving", "unavailable", "hello_timeout", "slow_reader", "internal" }));

        string[] Words(string what) => [.. seen.GetProperty(what).EnumerateArray().Select(word => word.GetString()!)];
    }

    /// <summary>The words of PROTOCOL.md's table for one side.</summary>
    private static string[] Types(Type side)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "SwarmJam.sln")))
            folder = folder.Parent;
        var lines = File.ReadAllLines(Path.Combine(folder.FullName, "Jam.Server", "PROTOCOL.md"));
        var heading = side == typeof(ClientMessage) ? "## What a client says" : "## What a server says";
        var rows = lines.SkipWhile(line => line != heading).Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal));
        return [.. rows.Select(row => row.Split('|')).Where(cells => cells.Length > 2 && cells[1].Trim() is { Length: > 0 } word && word.All(c => char.IsAsciiLetterUpper(c) || c == '_')).Select(cells => cells[1].Trim())];
    }

    private static void AssertState(JsonElement message, string status, string offset)
    {
        var payload = message.GetProperty("payload");
        Assert.That(payload.EnumerateObject().Take(4).Select(field => field.Name), Is.EqualTo(new[] { "track_id", "status", "offset_sec", "timestamp" }));
        Assert.That(payload.GetProperty("track_id").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(payload.GetProperty("status").GetString(), Is.EqualTo(status));
        Assert.That(payload.GetProperty("offset_sec").GetRawText(), Is.EqualTo(offset));
        Assert.That(payload.GetProperty("timestamp").GetRawText(), Does.Match(@"^\d{10}\.\d+$"));
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(string[] arguments, CancellationToken ct)
    {
        if (!File.Exists(Python))
            Assert.Fail($"{Python} is absent: install Debian's packages python3 and python3-websockets.");
        var start = new ProcessStartInfo(Python, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        await using var end = ct.Register(process.Kill);
        var output = process.StandardOutput.ReadToEndAsync(ct);
        var errors = process.StandardError.ReadToEndAsync(ct);
        await process.WaitForExitAsync(ct);
        return (process.ExitCode, await output, await errors);
    }
}
