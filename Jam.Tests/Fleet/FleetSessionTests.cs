using Jam.Server.Fleet.Postgres;
using NUnit.Framework;

namespace Jam.Tests.Fleet;

/// <summary>What a server's session with the database is good for: hearing of the others, and being seen to live.</summary>
[CancelAfter(60_000)]
internal sealed class FleetSessionTests : OnDatabase
{
    [Test]
    public async Task Claims_are_told_to_who_listens(CancellationToken ct)
    {
        Renew(One);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var ready = new TaskCompletionSource();
        var told = new TaskCompletionSource<string>();
        var listening = Database.ListenAsync(ready.SetResult, s => told.TrySetResult(s), ending.Token);
        await ready.Task.WaitAsync(ct);
        await Database.ClaimAsync("jam", One, "", ct);
        Assert.That(await told.Task.WaitAsync(ct), Is.EqualTo($"claim jam {One} 1"));
        await ending.CancelAsync();
        Assert.That(async () => await listening, Throws.InstanceOf<OperationCanceledException>());
    }

    /// <summary>A server whose session stands, with a lease that says so; its session ends with the source.</summary>
    private static async Task<Task> StandAsync(FleetDatabase at, Guid server, CancellationToken ct)
    {
        var ready = new TaskCompletionSource();
        var listening = at.ListenAsync(ready.SetResult, _ => { }, ct);
        await ready.Task.WaitAsync(ct);
        RenewAt(at, server);
        return listening;
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_server_whose_session_has_ended_is_dead_to_who_trusts_that_long_before_its_lease_is_over(bool trusts, CancellationToken ct)
    {
        await using var dying = await OpenAsync(Lease, ct);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var listening = await StandAsync(dying, One, end.Token);
        await dying.ClaimAsync("jam", One, "begun", ct);
        Renew(Two);
        Database.TrustsSessions = Long.TrustsSessions = true;
        Assert.That(RenewAt(Database, Two).Single(s => s.Id == One).LeaseLeft, Is.GreaterThan(Lease / 2), "it stands");
        Assert.That(await Long.ClaimAsync("jam", Two, "mine", ct), Is.Null, "so its rooms are its own");
        await end.CancelAsync();
        Assert.That(async () => await listening, Throws.InstanceOf<OperationCanceledException>());
        await dying.DisposeAsync();
        await EndSessionsAsync(ct);
        Database.TrustsSessions = Long.TrustsSessions = trusts;
        Assert.That(RenewAt(Database, Two).Single(s => s.Id == One).LeaseLeft, trusts ? Is.LessThanOrEqualTo(TimeSpan.Zero) : Is.GreaterThan(Lease / 2));
        Assert.That(await Long.ClaimAsync("jam", Two, "mine", ct), trusts ? Is.EqualTo(new RoomRow(Two, 2, "begun")) : Is.Null);
        Assert.That(Database.Save("jam", One, 1, 1, "late"), Is.EqualTo(!trusts), "and a write under the old epoch is refused");
    }

    [Test]
    public async Task A_server_that_has_lost_only_its_session_and_says_that_it_lives_keeps_its_rooms(CancellationToken ct)
    {
        await using var shaken = await OpenAsync(Lease, ct);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var listening = await StandAsync(shaken, One, end.Token);
        await shaken.ClaimAsync("jam", One, "begun", ct);
        await end.CancelAsync();
        Assert.That(async () => await listening, Throws.InstanceOf<OperationCanceledException>());
        RenewAt(shaken, One);
        Renew(Two);
        Database.TrustsSessions = Long.TrustsSessions = true;
        Assert.That(RenewAt(Database, Two).Single(s => s.Id == One).LeaseLeft, Is.GreaterThan(Lease / 2));
        Assert.That(await Long.ClaimAsync("jam", Two, "mine", ct), Is.Null);
    }

    [Test]
    public async Task A_server_seen_a_moment_ago_lives_though_its_session_has_ended(CancellationToken ct)
    {
        await using var patient = await OpenAsync(TimeSpan.FromMilliseconds(1), ct, grace: TimeSpan.FromMinutes(1));
        await using var dying = await OpenAsync(Lease, ct);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct);
        var listening = await StandAsync(dying, One, end.Token);
        await dying.ClaimAsync("jam", One, "begun", ct);
        await end.CancelAsync();
        Assert.That(async () => await listening, Throws.InstanceOf<OperationCanceledException>());
        await dying.DisposeAsync();
        await EndSessionsAsync(ct);
        Renew(Two);
        patient.TrustsSessions = true;
        Assert.That(await patient.ClaimAsync("jam", Two, "mine", ct), Is.Null);
    }

    // PostgreSQL frees a session's locks when it notices its end: at once, but not within the same instant.
    private async Task EndSessionsAsync(CancellationToken ct)
    {
        await using var command = Source.CreateCommand(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())");
        while ((long)(await command.ExecuteScalarAsync(ct))! > 0)
            await Task.Yield();
    }
}
