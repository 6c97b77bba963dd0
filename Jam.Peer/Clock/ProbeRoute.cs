namespace Jam.Peer.Clock;

/// <summary>
/// Which way the next probe of the clock goes. Both ways until a datagram was answered: networks swallow them without a word. From then on as
/// datagrams alone, until several in a row stay unanswered for too long; what is asked beside the clock goes over the connection in any case. Pure:
/// instants come from outside, microseconds on the local clock.
/// </summary>
internal sealed class ProbeRoute
{
    /// <summary>Datagrams in vain after which one goes only where a whole answer is asked for, too.</summary>
    private const int Tries = 16;

    private const int MostLost = 3;
    private const long LeastPatienceUs = 100_000;
    private const long MostPatienceUs = 1_000_000;
    private const double RoundTrips = 4;
    private const double Smoothing = 1.0 / 8;

    /// <summary>Answers after one that came too late for which nothing counts as lost so soon: that was a queue and no loss.</summary>
    private const int PatientAnswers = 64;

    private bool _isOpen;
    private int _tries;
    private int _unanswered;
    private long _unansweredSinceUs;
    private double _rttUs;
    private int _patient;

    /// <summary>Whether datagrams are answered.</summary>
    public bool IsProven { get; private set; }

    /// <summary>How long after its sending a probe counts as lost. On a connection none is, so that it is a long time.</summary>
    public long PatienceUs => !IsProven || _patient > 0 ? MostPatienceUs : Math.Clamp((long)(RoundTrips * _rttUs), LeastPatienceUs, MostPatienceUs);

    /// <summary>There is a port to send to.</summary>
    public void Open() => _isOpen = true;

    /// <summary>There is none any more.</summary>
    public void Close() => (_isOpen, IsProven) = (false, false);

    /// <summary>A probe goes out.</summary>
    /// <param name="isBrief">Whether the clock alone is asked for.</param>
    /// <param name="nowUs">When.</param>
    /// <returns>Whether as a datagram, and whether over the connection.</returns>
    public (bool AsDatagram, bool OverConnection) Next(bool isBrief, long nowUs)
    {
        if (!_isOpen)
            return (false, true);
        if (IsProven && _unanswered >= MostLost && nowUs - _unansweredSinceUs > 2 * PatienceUs)
            (IsProven, _tries) = (false, 0);
        if (!IsProven && isBrief && _tries >= Tries)
            return (false, true);
        _tries++;
        if (_unanswered++ == 0)
            _unansweredSinceUs = nowUs;
        return (true, !IsProven || !isBrief);
    }

    /// <summary>A datagram was answered.</summary>
    /// <param name="rttUs">How long after it was sent.</param>
    public void OnAnswer(long rttUs)
    {
        _patient = rttUs > PatienceUs ? PatientAnswers : Math.Max(0, _patient - 1);
        _rttUs += (rttUs - _rttUs) * (IsProven ? Smoothing : 1);
        (IsProven, _unanswered) = (_isOpen, 0);
    }
}
