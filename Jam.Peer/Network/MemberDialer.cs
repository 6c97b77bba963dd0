using Polly;
using Polly.Retry;

namespace Jam.Peer.Network;

/// <summary>Keeps one member connected: dials while there is no connection, sleeps while there is.</summary>
internal sealed class MemberDialer : IAsyncDisposable
{
    private static readonly TimeSpan Courtesy = TimeSpan.FromSeconds(1);

    private readonly Mesh _mesh;
    private readonly string _peerId;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly WorkSignal _wake = new();
    private readonly ResiliencePipeline _retry;
    private readonly Task _loop;
    private readonly Lock _gate = new();
    private CancellationTokenSource? _attempt;
    private volatile bool _isHurried;
    private bool _said;

    public MemberDialer(Mesh mesh, string peerId, bool dialNow, TimeProvider time)
    {
        _mesh = mesh;
        _peerId = peerId;
        _time = time;
        _retry = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<IOException>().Handle<ProtocolException>(),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromSeconds(0.5),
                MaxDelay = TimeSpan.FromSeconds(10),
                OnRetry = retry =>
                {
                    // Once is news, more often is noise; so is what follows a loss that was told.
                    if (!_said && retry.AttemptNumber >= 1 && mesh.FindMember(peerId) is { } member)
                    {
                        _said = true;
                        mesh.Notice($"cannot reach {member.Name} at {string.Join(", ", member.Addresses)}: {retry.Outcome.Exception!.Message}; trying on");
                    }

                    return default;
                },
            })
            .Build();
        _loop = RunAsync(dialNow, _stop.Token);
    }

    /// <summary>The connection may be gone, or the member has new addresses.</summary>
    public void Wake() => _wake.Set();

    /// <summary>This machine is on another network: whatever is waited for, it is dialled now.</summary>
    public void Hurry()
    {
        _isHurried = true;
        lock (_gate)
            _attempt?.Cancel();
        Wake();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync(bool dialNow, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (!_mesh.IsSettled(_peerId))
            {
                if (!await AttemptAsync(dialNow || _isHurried, cancellationToken))
                    continue;
                _said = true;
                _isHurried = false;
            }

            // After a loss both sides know at once: the one with the lower id dials, the other gives it a moment.
            dialNow = string.CompareOrdinal(_mesh.Identity?.PeerId, _peerId) < 0;
            await _wake.WaitAsync(cancellationToken);
        }
    }

    // False where it was hurried: begin anew, with no wait.
    private async Task<bool> AttemptAsync(bool dialNow, CancellationToken cancellationToken)
    {
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        lock (_gate)
            _attempt = attempt;
        try
        {
            if (!dialNow)
                await Task.Delay(Courtesy, _time, attempt.Token);
            await _retry.ExecuteAsync(DialAsync, attempt.Token);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            lock (_gate)
                _attempt = null;
        }
    }

    private async ValueTask DialAsync(CancellationToken cancellationToken)
    {
        if (_mesh.IsSettled(_peerId) || _mesh.FindMember(_peerId) is not { } member)
            return;
        var addresses = _mesh.AddressesOf(member);
        if (addresses.Count == 0)
            return;
        await _mesh.DialAsync(addresses, cancellationToken, _peerId);
    }
}
