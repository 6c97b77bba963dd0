using System.Threading.Channels;
using Jam.Peer.Network;
using Jam.Peer.Wire;
using Jam.Server.Contracts;
using Jam.Tests.Fakes;
using NUnit.Framework;

namespace Jam.Tests.Network;

/// <summary>When the other side of a link is asked whether it is there, and how far away that is.</summary>
internal sealed class LinkWatchTests
{
    [Test, CancelAfter(10_000)]
    public async Task A_new_link_is_measured_every_second_for_a_while_and_every_five_seconds_from_then_on(CancellationToken ct)
    {
        var time = new ManualTimeProvider();
        var pings = Channel.CreateUnbounded<Frame>();
        using var watch = new LinkWatch(frame => pings.Writer.TryWrite(frame), Assert.Fail, time);
        using var stop = new CancellationTokenSource();
        var running = watch.RunAsync(stop.Token);
        var gaps = new List<long>();
        for (var ping = 0; ping < 7; ping++)
        {
            Assert.That(await pings.Reader.ReadAsync(ct), Is.TypeOf<PingFrame>());
            watch.OnHeard();
            var gapUs = time.NextTimerUs!.Value - time.NowUs();
            gaps.Add(gapUs);
            time.Advance(TimeSpan.FromMicroseconds(gapUs));
        }

        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.That(gaps.Select(us => us / 1_000_000), Is.EqualTo(new[] { 1, 1, 1, 1, 5, 5, 5 }));
    }
}
