using Jam.Peer.Network;
using Jam.Server.Contracts;
using Jam.Server.Hosting;
using Jam.Tests.Server;
using NUnit.Framework;

namespace Jam.Tests.Fleet;

/// <summary>Several servers over real sockets and on a real database: they end, come back, and lose the database.</summary>
[CancelAfter(60_000)]
internal sealed class FleetServerTests
{
    [Test]
    public async Task Who_asks_another_server_for_a_room_is_sent_to_its_owner_and_told_of_all_servers(CancellationToken ct)
    {
        await using var fleet = await TestFleet.StartAsync(2, ct);
        using var host = await WebSocketClient.JoinAsync(fleet[0].Server.Port, Role.Host, "ana", ct);
        var here = await host.NextAsync<Rendezvous>(ct);
        Assert.That(here.AuthorityId, Is.EqualTo(fleet[0].Server.ClockId));
        Assert.That(here.Urls, Is.EqualTo(new[] { $"{fleet[0].Url("jam")}", $"{fleet[1].Url("jam")}" }));
        using var lost = await WebSocketClient.ConnectAsync(fleet[1].Server.Port, ct);
        await lost.SayAsync(new Hello(Role.Viewer, "bo"), ct);
        var sent = await lost.NextAsync(ct) as Rendezvous;
        Assert.That((sent?.AuthorityId, sent?.Urls[0]), Is.EqualTo((fleet[0].Server.ClockId, $"{fleet[0].Url("jam")}")));
        Assert.That(await lost.NextAsync(ct), Is.Null, "and hung up on");
        await using var follower = new TestFollower(Role.Viewer, "cy", fleet[1].Url("jam"));
        Assert.That((await follower.UntilAsync<Connected>(_ => true, ct)).Url, Is.EqualTo(fleet[0].Url("jam")));
        Assert.That(fleet[1].Server.RoomCount, Is.Zero);
    }

    [Test]
    public async Task Asking_where_a_room_is_neither_opens_nor_claims_it(CancellationToken ct)
    {
        await using var fleet = await TestFleet.StartAsync(2, ct);
        using var host = await WebSocketClient.JoinAsync(fleet[0].Server.Port, Role.Host, "ana", ct);
        var known = await RendezvousQuestion.AskAsync(fleet[1].Url("jam"), new Rendezvous(1, Guid.Empty, []), TimeProvider.System, ct);
        Assert.That(known!.AuthorityId, Is.EqualTo(fleet[0].Server.ClockId));
        var unknown = await RendezvousQuestion.AskAsync(fleet[1].Url("nobody"), new Rendezvous(1, Guid.Empty, []), TimeProvider.System, ct);
        Assert.That((unknown!.AuthorityId, unknown.Urls.Count, fleet[1].Server.RoomCount), Is.EqualTo((fleet[1].Server.ClockId, 0, 0)));
    }

    [Test]
    public async Task A_killed_servers_room_goes_on_at_another_with_what_its_members_saw_and_without_a_jump(CancellationToken ct)
    {
        await using var fleet = await TestFleet.StartAsync(2, ct);
        await using var host = new TestFollower(Role.Host, "ana", fleet[0].Url("jam"), fleet[1].Url("jam"));
        await host.UntilAsync<Rendezvous>(_ => true, ct);
        host.Client.TrySend(new SetTrack(RoomHarness.TrackId, "song.mp3", 5, 1024, TrackKind.Audio, 240_000_000));
        host.Client.TrySend(new Play(5_000_000));
        await host.UntilAsync<State>(s => s.Status == PlaybackStatus.Play, ct);
        await host.ClockAsync(ct);
        // The last command is known to its member and to no database: the way there is cut.
        fleet[0].Way.Cut();
        host.Client.TrySend(new Seek(90_000_000));
        var last = await host.UntilAsync<State>(s => s.PositionUs >= 90_000_000, ct);
        await fleet[0].KillAsync();
        Assert.That((await host.UntilAsync<Connected>(_ => true, ct)).Url, Is.EqualTo(fleet[1].Url("jam")));
        var next = await host.UntilAsync<State>(_ => true, ct);
        Assert.That((next.ClockId, next.Status, next.TrackId), Is.EqualTo((fleet[1].Server.ClockId, PlaybackStatus.Play, RoomHarness.TrackId)));
        Assert.That(next.Epoch, Is.GreaterThan(last.Epoch));
        var welcome = host.Welcome;
        await host.UntilAsync<Snapshot>(_ => true, ct);
        Assert.That((host.Welcome.PeerId, host.Welcome.Role, host.Welcome.RoomSecret), Is.EqualTo((welcome.PeerId, Role.Host, welcome.RoomSecret)));

        // Whoever was killed comes back as somebody new, and finds the room taken.
        var again = await fleet.AddAsync(ct);
        await again.SeesAsync(2, ct);
        using var late = await WebSocketClient.ConnectAsync(again.Server.Port, ct);
        await late.SayAsync(new Hello(), ct);
        Assert.That((await late.NextAsync(ct) as Rendezvous)?.AuthorityId, Is.EqualTo(fleet[1].Server.ClockId));
        Assert.That(again.Server.RoomCount, Is.Zero);
    }

    [Test]
    public async Task Where_the_music_is_does_not_jump_by_a_microsecond_for_who_knows_the_clocks_exactly(CancellationToken ct)
    {
        await using var fleet = await TestFleet.StartAsync(2, ct);
        using var host = await WebSocketClient.ConnectAsync(fleet[0].Server.Port, ct);
        await host.SayAsync(new Hello(Role.Host, "ana"), ct);
        var welcome = await host.NextAsync<Welcome>(ct);
        await host.SayAsync(new SetTrack(RoomHarness.TrackId, "song.mp3", 5, 1024, TrackKind.Audio, 240_000_000), ct);
        await host.SayAsync(new Play(5_000_000), ct);
        State last;
        do
            last = await host.NextAsync<State>(ct);
        while (last.Status != PlaybackStatus.Play);
        await fleet[0].KillAsync();
        while (true)
        {
            // All servers of this process take their rooms' clocks from the same one.
            var nowUs = TimeProvider.System.NowUs();
            using var again = await WebSocketClient.ConnectAsync(fleet[1].Server.Port, ct);
            await again.SayAsync(
                new Hello(Role.Host, "ana", welcome.PeerId, ResumeToken: welcome.ResumeToken, Resume: new Resume(last.ToTimeline(), null, nowUs, 10, nowUs)), ct);
            if (await again.NextAsync(ct) is not State next)
                continue;
            Assert.That((next.AtUs - next.PositionUs, next.Note), Is.EqualTo((last.AtUs - last.PositionUs, "resumed")));
            return;
        }
    }

    [Test]
    public async Task Many_who_ask_at_once_do_not_keep_a_server_from_renewing_its_lease(CancellationToken ct)
    {
        await using var fleet = await TestFleet.StartAsync(1, ct);
        var clients = await Task.WhenAll(Enumerable.Range(0, 150).Select(n => WebSocketClient.JoinAsync(fleet[0].Server.Port, Role.Host, "ana", ct, $"room{n}")));
        Assert.That(clients, Has.Length.EqualTo(150));
        foreach (var client in clients)
            client.Dispose();
        Assert.That(fleet.Log.Text, Does.Not.Contain("does not answer").And.Not.Contain("could not be asked"));
    }

    [Test]
    public async Task A_draining_server_hands_its_rooms_over_and_its_members_are_never_without_a_server(CancellationToken ct)
    {
        await using var fleet = await TestFleet.StartAsync(2, ct);
        await using var host = new TestFollower(Role.Host, "ana", fleet[0].Url("jam"));
        await host.UntilAsync<Rendezvous>(_ => true, ct);
        host.Client.TrySend(new SetTrack(RoomHarness.TrackId, "song.mp3", 5, 1024, TrackKind.Audio, 240_000_000));
        host.Client.TrySend(new Play(5_000_000));
        await host.UntilAsync<State>(s => s.Status == PlaybackStatus.Play, ct);
        await host.ClockAsync(ct);
        var draining = fleet[0].Server.DrainAsync(ct);
        var told = await host.UntilAsync<Rendezvous>(r => r.AuthorityId == fleet[1].Server.ClockId, ct);
        // As the session does with that word.
        host.Client.Look(told.AuthorityId, [.. told.Urls.Select(u => new Uri(u))], comesHome: false);
        Assert.That((await host.UntilAsync<Connected>(_ => true, ct)).Url, Is.EqualTo(fleet[1].Url("jam")));
        Assert.That(host.Events.OfType<Disconnected>(), Is.Empty);
        await host.UntilAsync<Snapshot>(_ => true, ct);
        Assert.That(host.Welcome.Role, Is.EqualTo(Role.Host));
        await draining;
        await fleet[0].DisposeAsync();
        await fleet[1].SeesAsync(1, ct);
        host.Client.TrySend(new Pause());
        await host.UntilAsync<State>(s => s.Status == PlaybackStatus.Pause, ct);
        Assert.That(host.Events.OfType<Disconnected>(), Is.Empty);
    }

    [Test]
    public async Task A_draining_server_waits_for_an_heir_that_is_late_with_its_renewal(CancellationToken ct)
    {
        await using var fleet = await TestFleet.StartAsync(2, ct);
        using var host = await WebSocketClient.JoinAsync(fleet[0].Server.Port, Role.Host, "ana", ct);
        fleet[1].Way.Cut();
        await fleet[0].SeesAsync(1, ct);
        var draining = fleet[0].Server.DrainAsync(ct);
        await fleet[0].UntilAsync(f => f.GetProperty("is_draining").GetBoolean(), ct);
        // Asked once more, so that the room was about to go when the way was still closed.
        await fleet[0].SeesAsync(1, ct);
        fleet[1].Way.Open();
        Rendezvous told;
        do
            told = await host.NextAsync<Rendezvous>(ct);
        while (told.AuthorityId != fleet[1].Server.ClockId);
        await host.SayAsync(new Bye(), ct);
        await draining;
        Assert.That(fleet.Log.Text, Does.Contain("Drained: 1 rooms were handed over, 0 left"));
    }

    [Test]
    public async Task Without_the_database_rooms_go_on_and_new_ones_wait_and_all_is_settled_when_it_returns(CancellationToken ct)
    {
        await using var fleet = await TestFleet.StartAsync(1, ct);
        var server = fleet[0];
        using var host = await WebSocketClient.JoinAsync(server.Server.Port, Role.Host, "ana", ct);
        server.Way.Cut();
        await server.UntilAsync(f => f.GetProperty("database").GetString() == "unreachable", ct);
        await host.SayAsync(new Play(5_000_000), ct);
        Assert.That((await host.NextAsync<State>(ct)).Status, Is.EqualTo(PlaybackStatus.Play));
        using var viewer = await WebSocketClient.JoinAsync(server.Server.Port, Role.Viewer, "bo", ct);
        using var other = await WebSocketClient.ConnectAsync(server.Server.Port, ct, "other");
        await other.SayAsync(new Hello(), ct);
        Assert.That(await other.LastErrorAsync(ct), Is.EqualTo(ErrorCodes.Unavailable));
        await server.UntilAsync(f => f.GetProperty("unsaved_rooms").GetInt32() == 1, ct);
        server.Way.Open();
        await server.UntilAsync(f => f.GetProperty("database").GetString() == "ok" && f.GetProperty("unsaved_rooms").GetInt32() == 0, ct);
        using var again = await WebSocketClient.JoinAsync(server.Server.Port, Role.Viewer, "cy", ct, "other");
        Assert.That(server.Server.RoomCount, Is.EqualTo(2));
        // It is in the database, since another server finds it there.
        await fleet[0].KillAsync();
        var next = await fleet.AddAsync(ct);
        await using var follower = new TestFollower(Role.Viewer, "dee", next.Url("jam"));
        var state = await follower.UntilAsync<State>(_ => true, ct);
        Assert.That((state.Status, state.Note), Is.EqualTo((PlaybackStatus.Play, "restored")));
        Assert.That(fleet.Log.Text, Does.Contain("not durable").And.Contain("answers again").And.Not.Contain("never-to-be-logged"));
    }

    [Test]
    public async Task A_server_that_lost_only_its_own_way_to_the_database_hands_its_members_on_when_it_is_back(CancellationToken ct)
    {
        await using var fleet = await TestFleet.StartAsync(2, ct);
        await using var host = new TestFollower(Role.Host, "ana", fleet[0].Url("jam"));
        await host.UntilAsync<Rendezvous>(_ => true, ct);
        fleet[0].Way.Cut();
        await fleet[1].SeesAsync(1, ct);
        using var rival = await WebSocketClient.JoinAsync(fleet[1].Server.Port, Role.Viewer, "bo", ct);
        Assert.That(fleet[1].Server.RoomCount, Is.EqualTo(1), "taken over");
        host.Client.TrySend(new Ping(7));
        await host.UntilAsync<Pong>(_ => true, ct);
        fleet[0].Way.Open();
        var told = await host.UntilAsync<Rendezvous>(r => r.AuthorityId == fleet[1].Server.ClockId, ct);
        Assert.That(told.Urls[0], Is.EqualTo($"{fleet[1].Url("jam")}"));
        await fleet[0].UntilAsync(f => f.GetProperty("servers").GetInt32() == 2, ct);
        Assert.That(fleet[0].Server.RoomCount, Is.Zero);
    }

    [Test]
    public async Task A_server_that_starts_without_its_database_says_so_and_serves_when_that_is_there(CancellationToken ct)
    {
        await using var fleet = await TestFleet.StartAsync(1, ct);
        var late = await fleet.AddAsync(ct, isCut: true);
        Assert.That(late.Server.FleetText, Does.Contain("does not answer yet"));
        Assert.That((await late.HealthAsync(ct)).GetProperty("database").GetString(), Is.EqualTo("unreachable"));
        Assert.That(await late.IsReadyAsync(ct), Is.False);
        using var early = await WebSocketClient.ConnectAsync(late.Server.Port, ct);
        await early.SayAsync(new Hello(), ct);
        Assert.That(await early.LastErrorAsync(ct), Is.EqualTo(ErrorCodes.Unavailable));
        late.Way.Open();
        await late.SeesAsync(2, ct);
        await late.ReadyAsync(ct);
        using var host = await WebSocketClient.JoinAsync(late.Server.Port, Role.Host, "ana", ct);
        Assert.That(fleet.Log.Text, Does.Contain("is not there yet").And.Contain("is there after").And.Not.Contain("never-to-be-logged"));
    }

    [Test]
    public async Task A_server_that_meets_something_else_where_its_database_should_be_goes_on_asking(CancellationToken ct)
    {
        await using var fleet = await TestFleet.StartAsync(1, ct);
        var late = await fleet.AddAsync(ct, isCut: true);
        // No TLS; and then the end of a command that nobody has given.
        late.Way.Says = [(byte)'N', (byte)'C', 0, 0, 0, 6, (byte)'X', 0];
        late.Way.Open();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (late.Way.Told < 2)
            await timer.WaitForNextTickAsync(ct);
        late.Way.Says = null;
        await late.SeesAsync(2, ct);
        await late.ReadyAsync(ct);
    }

    [Test]
    public void A_database_that_lets_nobody_in_is_said_at_the_start_without_its_password()
    {
        var wrong = FleetTests.Rig.At("no-such-database");
        Assert.That(
            async () => await TestServer.StartAsync(CancellationToken.None, options: new JamServerOptions { Port = 0, Fleet = new FleetOptions { Postgres = wrong } }),
            Throws.InstanceOf<StoreException>().With.Message.Contains("no-such-database").And.Message.Not.Contains("never-to-be-logged"));
    }

    [Test]
    public async Task A_server_that_drains_is_not_ready_for_more_rooms(CancellationToken ct)
    {
        await using var fleet = await TestFleet.StartAsync(2, ct);
        await fleet[0].ReadyAsync(ct);
        using var host = await WebSocketClient.JoinAsync(fleet[0].Server.Port, Role.Host, "ana", ct);
        // Until its member has gone over, or has been given up.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var draining = fleet[0].Server.DrainAsync(ending.Token);
        await fleet[0].UntilAsync(f => f.GetProperty("is_draining").GetBoolean(), ct);
        await fleet[1].ReadyAsync(ct);
        Assert.That(await fleet[0].IsReadyAsync(ct), Is.False);
        await ending.CancelAsync();
        await Task.WhenAny(draining);
    }
}
