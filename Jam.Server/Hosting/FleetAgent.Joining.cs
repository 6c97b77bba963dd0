using Jam.Server.Contracts;
using Jam.Server.Fleet.Postgres;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace Jam.Server.Hosting;

/// <summary>How a server comes to be one of the fleet, and stays it: the database is waited for, the lease renewed, the others listened to.</summary>
internal sealed partial class FleetAgent
{
    private static readonly TimeSpan s_firstWait = TimeSpan.FromSeconds(0.25);
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(2);

    // A way that swallows what is sent must not hold the next attempt up for as long as the database's client would wait.
    private static readonly TimeSpan s_longestAttempt = TimeSpan.FromSeconds(5);

    /// <summary>Joins the fleet once it is known where this server is reached; where the database is not there, as soon as it is.</summary>
    public async Task StartAsync(string url, CancellationToken cancellationToken)
    {
        _url = url;
        if (Absence is null)
        {
            await JoinAsync(cancellationToken);
            return;
        }

        _sight.NotAnswered();
        FleetLog.Awaited(_log, _address.Name, Absence);
        _beginning = Task.Run(JoinWhenThereAsync, CancellationToken.None);
    }

    private async Task JoinWhenThereAsync()
    {
        var since = _time.GetTimestamp();
        string? told = null;
        var attempts = new ResiliencePipelineBuilder { TimeProvider = _time }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = int.MaxValue, BackoffType = DelayBackoffType.Exponential, UseJitter = true, Delay = s_firstWait, MaxDelay = s_longestWait,
                // Whatever it is, a server that gave up here would never be one of its fleet.
                ShouldHandle = new PredicateBuilder().Handle<Exception>(e => e is not OperationCanceledException),
                OnRetry = attempt =>
                {
                    // Each reason once: it is the same every two seconds for as long as it takes.
                    if (attempt.Outcome.Exception is { } problem and not TimeoutRejectedException
                        && (!FleetDatabase.IsAbsent(problem) || FleetDatabase.IsRefusal(problem)) && problem.Message != told)
                        FleetLog.Unusable(_log, _address.Name, told = problem.Message);
                    return default;
                },
            })
            .AddTimeout(s_longestAttempt)
            .Build();
        try
        {
            await attempts.ExecuteAsync(async token => await _database.PrepareAsync(token), _ending.Token);
            FleetLog.Arrived(_log, _address.Name, _time.GetElapsedTime(since).TotalSeconds);
            await JoinAsync(_ending.Token);
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e)
        {
            // The root of this task: what it waited for is no reason to fall.
            FleetLog.Failed(_log, e);
        }
    }

    private async Task JoinAsync(CancellationToken cancellationToken)
    {
        FleetLog.Joined(_log, _address.Name, _hub.ClockId, _url);
        _database.TrustsSessions = true;
        await Task.Run(Renew, cancellationToken);
        _loop = Task.Run(RunAsync, CancellationToken.None);
        _renewal = Task.Factory.StartNew(RenewOnAndOn, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        _listening = Task.Run(ListenAsync, CancellationToken.None);
        try
        {
            if (_sight.IsReachable)
                await _database.GreetAsync(_hub.ClockId, cancellationToken);
        }
        catch (Exception e) when (FleetDatabase.IsAbsent(e))
        {
            // The others see it with their next renewal.
            FleetLog.Deaf(_log, e.Message);
        }
    }

    /// <summary>On a thread of its own: however many connections come at once, the lease must not wait for its turn among them.</summary>
    private void RenewOnAndOn()
    {
        // However many doubt, there is a breath between two.
        var breath = _options.RenewEvery / 5;
        WaitHandle[] reasons = [_ending.Token.WaitHandle, _look];
        while (!_ending.Token.WaitHandle.WaitOne(breath) && WaitHandle.WaitAny(reasons, _options.RenewEvery - breath) != 0)
            Renew();
    }

    private void Renew()
    {
        lock (_renewing)
        {
            try
            {
                var askedUs = _time.NowUs();
                if (askedUs >= Interlocked.Read(ref _sessionsCountFromUs))
                    _database.TrustsSessions = true;
                var (servers, up) = _database.Renew(new SelfReport(_hub.ClockId, _url, Version, _hub.RoomCount, _hub.MemberCount, _isDraining));
                _absentSec = _sight.AbsentForSec ?? _absentSec;
                _advertisesNext |= _sight.Answered(servers, up, askedUs);
                if (_advertisesNext || _absentSec is not null)
                    _hurry.Writer.TryWrite(true);
            }
            catch (Exception e)
            {
                // The root of the thread that keeps the lease: without it the lease would lapse for good.
                DoubtSessions();
                if (!_sight.NotAnswered())
                    return;
                FleetLog.Absent(_log, e.Message);
                if (!FleetDatabase.IsAbsent(e))
                    FleetLog.Failed(_log, e);
            }
        }
    }

    private async Task ListenAsync()
    {
        using var pause = new PeriodicTimer(_options.RenewEvery, _time);
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                // What was told meanwhile was missed.
                await _database.ListenAsync(BeginToHear, Hear, _ending.Token);
            }
            catch (Exception e) when (FleetDatabase.IsAbsent(e) || e is OperationCanceledException)
            {
                if (_ending.IsCancellationRequested)
                    return;
                FleetLog.Deaf(_log, e.Message);
                DoubtSessions();
                // Whoever asks is to know that this one lives, though its session has ended.
                _look.Set();
            }

            try
            {
                await pause.WaitForNextTickAsync(_ending.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private void BeginToHear()
    {
        Settle();
        // So that the lease names the session.
        _look.Set();
    }

    /// <summary>What ended this server's session, or kept it from renewing its lease, may have ended others', too: they get a lease of time.</summary>
    private void DoubtSessions()
    {
        _database.TrustsSessions = false;
        Interlocked.Exchange(ref _sessionsCountFromUs, _time.NowUs() + (_options.Lease.Ticks / TimeSpan.TicksPerMicrosecond));
    }
}
