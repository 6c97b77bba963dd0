using Jam.Peer.Network;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>A word that work waits is never lost, whoever comes first.</summary>
internal sealed class WorkSignalTests
{
    [Test]
    public void What_was_set_before_anyone_waits_is_kept_once()
    {
        var signal = new WorkSignal();
        signal.Set();
        signal.Set();
        Assert.Multiple(() =>
        {
            Assert.That(signal.WaitAsync(CancellationToken.None).AsTask().IsCompletedSuccessfully, Is.True);
            Assert.That(signal.WaitAsync(CancellationToken.None).AsTask().IsCompleted, Is.False);
        });
    }

    [Test]
    public async Task Whoever_waits_is_woken_and_may_wait_again()
    {
        var signal = new WorkSignal();
        for (var round = 0; round < 3; round++)
        {
            var wait = signal.WaitAsync(CancellationToken.None).AsTask();
            Assert.That(wait.IsCompleted, Is.False);
            signal.Set();
            await wait;
        }
    }

    [Test]
    public async Task A_wait_that_is_cancelled_takes_no_work_with_it()
    {
        var signal = new WorkSignal();
        using var stop = new CancellationTokenSource();
        var wait = signal.WaitAsync(stop.Token).AsTask();
        await stop.CancelAsync();
        Assert.That(() => wait, Throws.InstanceOf<OperationCanceledException>());
        signal.Set();
        Assert.That(signal.WaitAsync(CancellationToken.None).AsTask().IsCompletedSuccessfully, Is.True);
    }

    [Test]
    public void A_wait_after_the_end_ends_at_once() =>
        Assert.That(() => new WorkSignal().WaitAsync(new CancellationToken(true)).AsTask(), Throws.InstanceOf<OperationCanceledException>());

    [Test]
    public async Task Of_many_words_from_many_threads_the_last_is_heard()
    {
        const int Words = 20_000;
        var signal = new WorkSignal();
        var (said, heard) = (0, 0);
        var talkers = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < Words; i++)
            {
                Interlocked.Increment(ref said);
                signal.Set();
            }
        })).ToArray();
        // A lost word would leave this waiting for ever: the patience is for a bug alone.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (heard < 4 * Words)
        {
            await signal.WaitAsync(patience.Token);
            heard = Volatile.Read(ref said);
        }

        await Task.WhenAll(talkers);
        Assert.That(heard, Is.EqualTo(4 * Words));
    }
}
