using System.Net;
using Jam.Peer.Network;
using Polly;
using Polly.Retry;

namespace Jam.Peer.Session;

/// <summary>Finds the room and its rendezvous by asking peers.</summary>
internal static class RendezvousLocator
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Asks each peer in turn until one answers; a host that starts a moment later is waited for.</summary>
    /// <exception cref="JamException">None answered in half a minute.</exception>
    public static async Task<RoomLocation> AskAsync(
        IReadOnlyList<DnsEndPoint> peers, TimeProvider time, Action<string> notice, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(_ => patience.Cancel(), null, Patience, Timeout.InfiniteTimeSpan);
        var problem = "";
        var retry = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<IOException>().Handle<ProtocolException>(),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromSeconds(0.25),
                MaxDelay = TimeSpan.FromSeconds(2),
                OnRetry = attempt =>
                {
                    if (attempt.AttemptNumber == 0)
                        notice($"{problem}; trying on for {Patience.TotalSeconds:0} s");
                    return default;
                },
            })
            .Build();
        try
        {
            return await retry.ExecuteAsync(async token => await AskOnceAsync(peers, time, p => problem = p, token), patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new JamException($"{problem}. Check the address and that the host runs; {ProgramName.Typed} --help says how to start one");
        }
    }

    /// <summary>Where the room is by now, as the first peer that answers has it; nothing where none does.</summary>
    public static async ValueTask<IReadOnlyList<Uri>> AskAgainAsync(
        IReadOnlyList<DnsEndPoint> peers, string room, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            var location = await AskOnceAsync(peers, time, _ => { }, cancellationToken);
            return location.Room == room ? location.Urls : [];
        }
        catch (Exception problem) when (problem is IOException or ProtocolException)
        {
            return [];
        }
    }

    private static async Task<RoomLocation> AskOnceAsync(
        IReadOnlyList<DnsEndPoint> peers, TimeProvider time, Action<string> problem, CancellationToken cancellationToken)
    {
        Exception? last = null;
        foreach (var peer in peers)
        {
            try
            {
                var location = await Dialer.WhereAsync(peer, time, cancellationToken);
                return location.Urls.Count > 0 ? location : throw new ProtocolException("it knows no rendezvous server");
            }
            catch (Exception failed) when (failed is IOException or ProtocolException)
            {
                last = failed;
                problem($"cannot join through {peer.Host}:{peer.Port}: {failed.Message}");
            }
        }

        throw last ?? new JamException("there is no peer to ask");
    }
}
