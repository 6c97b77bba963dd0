using Jam.Peer.Session;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Jam.Tests.EndToEnd;
using Jam.Tests.Server;
using Jam.Tests.Storage;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace Jam.Tests.Doors;

/// <summary>Locked rooms with the real server and real peers.</summary>
[CancelAfter(60_000)]
internal sealed class LockedRoomTests
{
    private const string Word = "open-sesame-42";

    [Test]
    public async Task A_viewer_comes_in_with_the_password_and_stays_out_without_it(CancellationToken ct)
    {
        using var folder = new TempFolder();
        await using var host = await TestPeer.StartHostAsync(With("ana", folder, new DoorOptions { Password = Word, IsEncrypted = true }), ct);
        await using var viewer = await TestPeer.StartViewerAsync(With("bo", folder, new DoorOptions { Password = Word }), host, ct);
        await viewer.UntilAsync(r => r.Links.Count == 1, ct);
        Assert.That(async () => await TestPeer.StartViewerAsync(With("cy", folder, new DoorOptions { Password = "no" }), host, ct), Throws.Exception.With.Message.Contains("not the room's password"));
        Assert.That(async () => await TestPeer.StartViewerAsync(With("di", folder, new DoorOptions()), host, ct), Throws.Exception.With.Message.Contains("--password"));
    }

    [Test]
    public async Task An_invite_is_a_link_and_a_command_and_lets_a_viewer_in(CancellationToken ct)
    {
        using var folder = new TempFolder();
        await using var host = await TestPeer.StartHostAsync(With("ana", folder, new DoorOptions { Password = Word }), ct);
        var answer = await host.Session.Room.AskAsync(new Invite(Uses: 1), ct);
        Assert.That(answer, Does.Match(@"http://\S+/room/jam#invite=[0-9a-f]{48} or tools/jam --connect \S+ --invite [0-9a-f]{48}$"));
        var token = answer[^48..];
        await using var viewer = await TestPeer.StartViewerAsync(With("bo", folder, new DoorOptions { Invite = token }), host, ct);
        Assert.That(async () => await TestPeer.StartViewerAsync(With("cy", folder, new DoorOptions { Invite = token }), host, ct), Throws.Exception.With.Message.Contains("invite"));
    }

    [Test]
    public async Task A_host_that_comes_late_locks_the_room_with_its_password(CancellationToken ct)
    {
        using var folder = new TempFolder();
        await using var server = await TestServer.StartAsync(ct, options: new JamServerOptions { Port = 0, PasswordRounds = 10 });
        var at = new Uri($"ws://127.0.0.1:{server.Port}");
        await using var early = await TestPeer.StartAsync(With("bo", folder, new DoorOptions()) with { Server = at }, ct);
        await using var host = await TestPeer.StartHostAsync(With("ana", folder, new DoorOptions { Password = Word }) with { Server = at }, ct);
        while (!await IsLockedAsync(server.Port, ct))
            ct.ThrowIfCancellationRequested();
    }

    [Test]
    public async Task Nothing_secret_is_ever_logged(CancellationToken ct)
    {
        var log = new ListLog();
        string invite;
        await using (var server = await JamServer.StartAsync(new JamServerOptions { Port = 0, PasswordRounds = 10 }, TimeProvider.System, log, ct))
            invite = await SayEverythingSecretAsync(server.Port, ct);
        var text = string.Join('\n', log.Lines);
        Assert.That(text, Does.Contain("wrong_password").And.Contain("HELLO").And.Contain("DOOR"));
        foreach (var secret in new[] { Word, "host-token-host-token", invite, "another-word-17", "a-wrong-word-99", "pbkdf2" })
            Assert.That(text, Does.Not.Contain(secret));
        Assert.That(log.Lines.Count(l => l.Contains("wrong_password", StringComparison.Ordinal)), Is.EqualTo(1), "one line for who is refused");
    }

    private static async Task<string> SayEverythingSecretAsync(int port, CancellationToken ct)
    {
        using var host = await WebSocketClient.ConnectAsync(port, ct);
        await host.SayAsync(new Hello(Role.Host, "ana") { Password = Word, HostToken = "host-token-host-token" }, ct);
        await host.NextAsync<Snapshot>(ct);
        await host.SayAsync(new Invite(), ct);
        var invite = await host.NextAsync<Invited>(ct);
        await host.SayAsync(new SetDoor("another-word-17", true), ct);
        await host.NextAsync<DoorState>(ct);
        await host.SayAsync(new SetRole(Role.Host) { HostToken = "host-token-host-token" }, ct);
        await host.NextAsync<PeerJoined>(ct);
        using (var wrong = await WebSocketClient.ConnectAsync(port, ct))
        {
            await wrong.SayAsync(new Hello { Password = "a-wrong-word-99" }, ct);
            Assert.That(await wrong.LastErrorAsync(ct), Is.EqualTo(ErrorCodes.WrongPassword));
        }

        using (var guest = await WebSocketClient.ConnectAsync(port, ct))
        {
            await guest.SayAsync(new Hello { Invite = invite.Token }, ct);
            await guest.NextAsync<Snapshot>(ct);
        }

        return invite.Token;
    }

    [Test]
    public async Task Guesses_in_a_row_are_not_even_looked_at(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct, options: new JamServerOptions { Port = 0, PasswordRounds = 10 });
        using var host = await WebSocketClient.ConnectAsync(server.Port, ct);
        await host.SayAsync(new Hello(Role.Host, "ana") { Password = Word }, ct);
        await host.NextAsync<Snapshot>(ct);
        var codes = new List<string?>();
        for (var i = 0; i < 30; i++)
        {
            using var guess = await WebSocketClient.ConnectAsync(server.Port, ct);
            await guess.SayAsync(new Hello { Password = $"guess-{i}" }, ct);
            codes.Add(await guess.LastErrorAsync(ct));
        }

        Assert.That(codes[0], Is.EqualTo(ErrorCodes.WrongPassword));
        Assert.That(codes, Has.Some.EqualTo(ErrorCodes.TooManyAttempts));
        Assert.That(codes, Has.All.EqualTo(ErrorCodes.WrongPassword).Or.EqualTo(ErrorCodes.TooManyAttempts));
    }

    [Test]
    public async Task A_locked_room_shows_outsiders_neither_its_members_nor_its_music(CancellationToken ct)
    {
        await using var server = await TestServer.StartAsync(ct, options: new JamServerOptions { Port = 0, PasswordRounds = 10 });
        using var host = await WebSocketClient.ConnectAsync(server.Port, ct);
        await host.SayAsync(new Hello(Role.Host, "secretive ana") { Password = Word }, ct);
        await host.NextAsync<Snapshot>(ct);
        using var http = new HttpClient();
        var lobby = await http.GetStringAsync(new Uri($"http://127.0.0.1:{server.WebPort}/api/rooms"), ct);
        Assert.That(lobby, Does.Contain("\"is_locked\":true").And.Not.Contain("secretive"));
    }

    private static SessionOptions With(string name, TempFolder folder, DoorOptions door) => TestPeer.Options(name, folder.Path) with { Door = door, Role = Role.Viewer };

    private static async ValueTask<bool> IsLockedAsync(int port, CancellationToken ct)
    {
        using var guest = await WebSocketClient.ConnectAsync(port, ct);
        await guest.SayAsync(new Hello(), ct);
        return await guest.NextAsync(ct) is Error { Code: ErrorCodes.PasswordNeeded };
    }

    private sealed class ListLog : ILoggerFactory, ILogger
    {
        private readonly List<string> _lines = [];

        public IReadOnlyList<string> Lines
        {
            get
            {
                lock (_lines)
                    return [.. _lines];
            }
        }

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_lines)
                _lines.Add(formatter(state, exception));
        }

        public void Dispose()
        {
        }
    }
}
