using System.Text.Json;
using System.Text.RegularExpressions;
using Jam.Server.Contracts;
using Jam.Tests.Audio;
using Jam.Tests.Server;
using Jam.Tests.Storage;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace Jam.Tests.EndToEnd;

/// <summary>A whole session's log: what it says, and what it must never say.</summary>
[CancelAfter(120_000)]
internal sealed partial class SessionLogTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    private Jam.Peer.Session.SessionOptions Options(string name) => TestPeer.Options(name, _folder.Path) with
    {
        KeepsIdentity = true, IsNameChosen = true, LogFile = _folder[$"{name}.log"], LogLevel = LogLevel.Trace,
    };

    [Test]
    public async Task A_session_logs_attempts_commands_and_reasons_and_no_secret(CancellationToken ct)
    {
        string roomSecret, guestToken;
        var trackIds = new List<string>();
        await using (var host = await TestPeer.StartHostAsync(Options("host") with { SeedFiles = [SampleTrack.Path] }, ct))
        {
            await using var viewer = await TestPeer.StartViewerAsync(Options("viewer"), host, ct);
            await viewer.CompletedAsync(1, ct);
            var port = new Uri(host.Report.Server!).Port;
            using (var guest = await WebSocketClient.ConnectAsync(port, ct))
            {
                await guest.SayAsync(new Hello(Name: "guest"), ct);
                var welcome = await guest.NextAsync<Welcome>(ct);
                (roomSecret, guestToken) = (welcome.RoomSecret, welcome.ResumeToken);
                await guest.SayAsync(new Blob("\"between us\"", host.Report.PeerId), ct);
                await guest.SayAsync("{\"type\":\"NONSENSE\"}", ct);
                await guest.NextAsync<Error>(ct);
                await guest.SayAsync(new Bye(), ct);
            }

            // Back with its proof: that goes over the wire, and must not go into a log.
            using (var back = await WebSocketClient.ConnectAsync(port, ct))
            {
                await back.SayAsync(new Hello(Name: "guest", PeerId: "guest-id", ResumeToken: guestToken), ct);
                await back.NextAsync<Welcome>(ct);
            }

            Assert.That(async () => await viewer.Session.PauseAsync(ct), Throws.Exception.Message.Contains("only the host"));
            await host.Session.PlayAsync(0, ct);
            await host.Session.Room.AskAsync(new Metronome(true), ct);
            await host.Session.SeekAsync(3_000_000, ct);
            Assert.That(async () => await viewer.Session.JoinAsync(new System.Net.DnsEndPoint("127.0.0.1", 1), ct), Throws.Exception);
            await host.UntilAsync(r => r.Members.Any(m => m.Name == "viewer" && m.Stats is not null), ct);
            trackIds.AddRange(host.Report.Playlist.Select(t => t.TrackId));
        }

        var (hostLog, viewerLog) = (await File.ReadAllTextAsync(_folder["host.log"], ct), await File.ReadAllTextAsync(_folder["viewer.log"], ct));
        Assert.Multiple(() =>
        {
            Assert.That(viewerLog, Does.Contain("info room: connecting to ws://").And.Contain("info room: connected to ws://"));
            Assert.That(viewerLog, Does.Contain("info room: sent HELLO {").And.Contain("info room: received STATE {").And.Contain("info room: sent BYE"));
            Assert.That(viewerLog, Does.Contain("info room: sent PAUSE {").And.Match("info room: received ERROR .*not_host"));
            Assert.That(viewerLog, Does.Match("info swarm: dialling a peer at 127.0.0.1:1\n").And.Match("info swarm: no connection to a peer at 127.0.0.1:1: nothing listens there"));
            Assert.That(viewerLog, Does.Match("info swarm: connected to host at ").And.Match("info swarm: the connection to host at .* has ended: "));
            Assert.That(viewerLog, Does.Contain("trace room: sent SYNC_REQUEST").And.Contain("debug room: sent STATS"));
            Assert.That(hostLog, Does.Contain("sent PLAY {").And.Contain("sent SEEK {").And.Match("info session: told: others join with"));
            Assert.That(hostLog, Does.Match(@"info RoomHub: Room jam, connection \d+ \(viewer\) says PAUSE .*: refused, only the host controls this room \(not_host\)"));
            Assert.That(hostLog, Does.Match(@"says BLOB to \w+, 12 characters").And.Match(@"info RoomHub: Connection \d+ from 127.0.0.1 to room jam"));
            Assert.That(hostLog, Does.Match(@"is told: no such type of message \(unknown_type\)"));
        });
        foreach (var log in new[] { hostLog, viewerLog })
        {
            foreach (var secret in Tokens("host").Concat(Tokens("viewer")).Concat([guestToken, roomSecret, Convert.ToHexString(Convert.FromBase64String(roomSecret)), "between us"]))
                Assert.That(log.Contains(secret, StringComparison.OrdinalIgnoreCase), Is.False, $"a secret: {secret}");
            Assert.That(log, Does.Not.Match("#key=[0-9a-f]"));
            // Whatever else is long and random: hashes of tracks and what lies beside them are the only such things that a log may hold.
            var unknown = LongWord().Matches(log).Select(m => m.Value).Where(w => !trackIds.Contains(w) && !SidecarLine().IsMatch(log[..log.IndexOf(w, StringComparison.Ordinal)][^40..])).ToArray();
            Assert.That(unknown, Is.Empty);
        }
    }

    private string[] Tokens(string name)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(_folder[$"config-{name}", "identity.json"]));
        var tokens = json.RootElement.GetProperty("rooms").EnumerateArray().Select(r => r.GetProperty("token").GetString()!).ToArray();
        Assert.That(tokens, Is.Not.Empty);
        return tokens;
    }

    [GeneratedRegex("[A-Za-z0-9+=]{40,}")]
    private static partial Regex LongWord();

    [GeneratedRegex("\"(index|tags|cover)\":\"$")]
    private static partial Regex SidecarLine();
}
