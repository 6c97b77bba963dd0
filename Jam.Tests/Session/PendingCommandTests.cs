using Jam.Peer.Session;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Session;

/// <summary>A command waits for its answer, one at a time, and not for ever.</summary>
[CancelAfter(30_000)]
internal sealed class PendingCommandTests
{
    [Test]
    public async Task It_ends_with_the_echo(CancellationToken ct)
    {
        using var pending = new PendingCommand(TimeProvider.System);
        Assert.That(pending.Succeed(), Is.False, "nobody waits");
        var command = pending.RunAsync(() => { }, ct);
        Assert.That(command.IsCompleted, Is.False);
        Assert.That(pending.Succeed(), Is.True);
        await command;
    }

    [Test]
    public void It_fails_with_what_the_authority_says(CancellationToken ct)
    {
        using var pending = new PendingCommand(TimeProvider.System);
        Assert.That(pending.Fail("no"), Is.False, "nobody waits");
        var command = pending.RunAsync(() => { }, ct);
        Assert.That(pending.Fail("only the host controls this room"), Is.True);
        Assert.That(async () => await command, Throws.TypeOf<JamException>().With.Message.EqualTo("only the host controls this room"));
    }

    [Test]
    public void Without_an_answer_it_says_so_in_the_end(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        using var pending = new PendingCommand(time);
        var command = pending.RunAsync(() => { }, ct);
        time.Advance(TimeSpan.FromSeconds(5.9));
        Assert.That(command.IsCompleted, Is.False, "PLAY may wait three seconds for others");
        time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.That(async () => await command, Throws.TypeOf<JamException>().With.Message.Contains("has not answered"));
    }

    [Test]
    public void While_the_connection_is_gone_it_waits_for_a_successor_though_not_for_ever(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        using var pending = new PendingCommand(time);
        pending.Hold();
        Assert.That(pending.IsWaiting, Is.False, "nobody waits");
        var command = pending.RunAsync(() => { }, ct);
        time.Advance(TimeSpan.FromSeconds(3));
        pending.Hold();
        time.Advance(TimeSpan.FromSeconds(19));
        Assert.That((command.IsCompleted, pending.IsWaiting), Is.EqualTo((false, true)));
        pending.BeginAnew();
        time.Advance(TimeSpan.FromSeconds(5.9));
        Assert.That(command.IsCompleted, Is.False, "asked again, it has as long as at first");
        pending.Hold();
        time.Advance(TimeSpan.FromSeconds(20));
        Assert.That(async () => await command, Throws.TypeOf<JamException>().With.Message.Contains("no other has answered"));
    }

    [Test]
    public async Task The_next_command_waits_for_its_turn_and_one_that_could_not_be_sent_gives_it_up(CancellationToken ct)
    {
        using var pending = new PendingCommand(TimeProvider.System);
        var sent = new List<int>();
        Assert.That(
            async () => await pending.RunAsync(() => throw new JamException("not connected"), ct), Throws.TypeOf<JamException>());
        var first = pending.RunAsync(() => sent.Add(1), ct);
        var second = pending.RunAsync(() => sent.Add(2), ct);
        Assert.That(sent, Is.EqualTo(new[] { 1 }));
        pending.Succeed();
        await first;
        await Network.Until.TrueAsync(() => pending.Succeed(), ct);
        await second;
        Assert.That(sent, Is.EqualTo(new[] { 1, 2 }));
    }
}
