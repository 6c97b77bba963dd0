using System.Text.Json;
using Jam.Peer.Session;
using Jam.Server.Contracts;
using Jam.Tests.Server;
using Jam.Tests.Storage;
using NUnit.Framework;

namespace Jam.Tests.EndToEnd;

/// <summary>Peers that come back, that run beside each other, and that were copied.</summary>
[CancelAfter(120_000)]
internal sealed class IdentityTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TempFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    private SessionOptions Options(string config, int serverPort) => TestPeer.Options("ana", _folder.Path) with
    {
        KeepsIdentity = true, ConfigFolder = _folder[config], Server = new Uri($"ws://127.0.0.1:{serverPort}"),
    };

    private string Kept(string config) => File.ReadAllText(_folder[config, "identity.json"]);

    [Test]
    public async Task Who_comes_back_is_the_same_member_also_in_another_room(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        string id;
        await using (var first = await TestPeer.StartAsync(Options("a", server.Port) with { IsNameChosen = true, Name = "bo" }, ct))
            id = first.Report.PeerId!;
        await using (var again = await TestPeer.StartAsync(Options("a", server.Port), ct))
            Assert.That((again.Report.PeerId, again.Report.Name), Is.EqualTo((id, "bo")), "the name, too: it was typed");
        await using var other = await TestPeer.StartAsync(Options("a", server.Port) with { Room = "other" }, ct);
        Assert.That(other.Report.PeerId, Is.EqualTo(id));
    }

    [Test]
    public async Task Two_peers_of_one_user_are_two_members(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        await using var one = await TestPeer.StartAsync(Options("a", server.Port), ct);
        await using var two = await TestPeer.StartAsync(Options("a", server.Port), ct);
        await one.UntilAsync(r => r.MembersInRoom == 2 && r.Links.Count == 1, ct);
        Assert.That(two.Report.PeerId, Is.Not.EqualTo(one.Report.PeerId));
    }

    [Test]
    public async Task A_host_that_was_killed_has_its_place_again_at_once(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        using var viewer = await WebSocketClient.JoinAsync(server.Port, Role.Viewer, "bo", ct);
        // What a killed host leaves behind: its place, kept for ten seconds, and its file.
        using (var killed = await WebSocketClient.ConnectAsync(server.Port, ct))
        {
            await killed.SayAsync(new Hello(Role.Host, "ana", "own-id"), ct);
            var welcome = await killed.NextAsync<Welcome>(ct);
            Directory.CreateDirectory(_folder["a"]);
            await File.WriteAllTextAsync(_folder["a", "identity.json"], JsonSerializer.Serialize(new
            {
                peer_id = "own-id",
                rooms = new[] { new { url = $"ws://127.0.0.1:{server.Port}/ws/jam", peer_id = "own-id", token = welcome.ResumeToken } },
            }), ct);
            killed.Socket.Abort();
        }

        await viewer.NextAsync<PeerLeft>(ct);
        await using var host = await TestPeer.StartAsync(Options("a", server.Port) with { Role = Role.Host }, ct);
        Assert.That((host.Report.PeerId, host.Report.Role), Is.EqualTo(("own-id", Role.Host)));
    }

    [Test]
    public async Task A_copied_machine_ends_in_two_members_rather_than_in_a_quarrel(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct);
        await using var one = await TestPeer.StartAsync(Options("a", server.Port), ct);
        await using (var written = await TestPeer.StartAsync(Options("a", server.Port) with { Room = "other" }, ct))
            await written.UntilAsync(_ => Kept("a").Contains("/ws/jam", StringComparison.Ordinal), ct);
        Directory.CreateDirectory(_folder["b"]);
        File.Copy(_folder["a", "identity.json"], _folder["b", "identity.json"]);
        var id = one.Report.PeerId;
        await using var copy = await TestPeer.StartAsync(Options("b", server.Port), ct);
        Assert.That(copy.Report.PeerId, Is.EqualTo(id));
        await one.UntilAsync(r => r.ServerConnected && r.MembersInRoom == 2 && r.PeerId is { } now && now != id, ct);
        await copy.UntilAsync(r => r.ServerConnected && r.MembersInRoom == 2, ct);
        Assert.That(one.Notices, Has.Some.Contains("another peer has this peer's identity"));
        Assert.That(copy.Report.PeerId, Is.EqualTo(id));
    }
}
