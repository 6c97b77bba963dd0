using System.Threading.Channels;
using Jam.Peer.Network;
using Jam.Server.Contracts;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>When a link asks whether the other side is still there.</summary>
internal sealed class LinkWatchTests
{
    [Test, CancelAfter(30_000)]
    public async Task Links_that_were_made_at_one_moment_do_not_ask_at_one_moment(CancellationToken cancellationToken)
    {
        var time = new ManualTimeProvider(0);
        var asked = Channel.CreateUnbounded<long>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var watch = new LinkWatch(_ => asked.Writer.TryWrite(time.NowUs()), _ => { }, time, TimeSpan.FromSeconds(2));
        var run = watch.RunAsync(stop.Token);
        var atUs = new List<long> { await asked.Reader.ReadAsync(cancellationToken) };
        foreach (var seconds in new[] { 2, 5, 5 })
        {
            time.Advance(TimeSpan.FromSeconds(seconds));
            atUs.Add(await asked.Reader.ReadAsync(cancellationToken));
        }

        Assert.That(atUs, Is.EqualTo(new long[] { 0, 2_000_000, 7_000_000, 12_000_000 }));
        await stop.CancelAsync();
        await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
