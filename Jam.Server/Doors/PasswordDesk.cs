using System.Net;
using System.Security.Cryptography;
using System.Text;
using Jam.Server.Contracts;

namespace Jam.Server.Doors;

/// <summary>What came of looking at a password.</summary>
internal enum PasswordAnswer
{
    /// <summary>It is the right one.</summary>
    Right,

    /// <summary>It is not.</summary>
    Wrong,

    /// <summary>It was not looked at: too many wrong ones came from there, or too many are being looked at.</summary>
    NotNow,
}

/// <summary>
/// Looks at passwords, off the rooms' loop: so many wrong ones of an address, so many at a time. One that was right lately is known by
/// a quick hash under a key of this process, so that a crowd with the right one does not wait for a tenth of a second each.
/// </summary>
internal sealed class PasswordDesk(int rounds, TimeProvider time) : IDisposable
{
    private const int AttemptsAtOnce = 20;
    private const int SecondsPerAttempt = 3;
    private const int MaxAddresses = 10_000;
    private const int MaxKnown = 1_000;
    private const int AtATime = 2;
    private const int MaxWaiting = 200;

    private readonly Lock _gate = new();
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    // When the wrong attempts of an address so far are paid for.
    private readonly Dictionary<AddressKey, long> _paidUs = [];
    private readonly Dictionary<string, byte[]> _known = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _busy = new(AtATime);
    private int _waiting;

    /// <summary>Whether a password opens a seal.</summary>
    /// <param name="seal">What the room keeps.</param>
    /// <param name="password">What was claimed.</param>
    /// <param name="address">Whose attempt that is; null: nobody's in particular.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<PasswordAnswer> LookAsync(string seal, string password, string? address, CancellationToken cancellationToken)
    {
        var quick = HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(password));
        if (IsKnown(seal, quick))
            return PasswordAnswer.Right;
        var key = new AddressKey(IPAddress.TryParse(address, out var parsed) ? parsed : IPAddress.None);
        // Paid before it is looked at: many at once are many.
        if (!TryPay(key))
            return PasswordAnswer.NotNow;
        try
        {
            if (Interlocked.Increment(ref _waiting) > MaxWaiting)
                return PasswordAnswer.NotNow;
            await _busy.WaitAsync(cancellationToken);
            try
            {
                // While this one waited the same password may have been found right.
                if (!IsKnown(seal, quick) && !await Task.Run(() => PasswordSeal.Opens(seal, password), cancellationToken))
                    return PasswordAnswer.Wrong;
            }
            finally
            {
                _busy.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }

        lock (_gate)
        {
            if (_known.Count >= MaxKnown)
                _known.Clear();
            _known[seal] = quick;
            _paidUs[key] = _paidUs.GetValueOrDefault(key) - (SecondsPerAttempt * 1_000_000L);
        }

        return PasswordAnswer.Right;
    }

    /// <summary>A password as a room keeps it.</summary>
    public async ValueTask<string> SealAsync(string password, CancellationToken cancellationToken)
    {
        await _busy.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(() => PasswordSeal.Of(password, rounds), cancellationToken);
        }
        finally
        {
            _busy.Release();
        }
    }

    public void Dispose() => _busy.Dispose();

    private bool IsKnown(string seal, byte[] quick)
    {
        lock (_gate)
            return _known.TryGetValue(seal, out var known) && CryptographicOperations.FixedTimeEquals(known, quick);
    }

    private bool TryPay(AddressKey from)
    {
        var nowUs = time.NowUs();
        lock (_gate)
        {
            if (_paidUs.Count >= MaxAddresses)
            {
                foreach (var paid in _paidUs.Where(p => p.Value <= nowUs).Select(p => p.Key).ToArray())
                    _paidUs.Remove(paid);
            }

            // So many addresses at once are no people: nobody new may try until some of them are through.
            if (_paidUs.Count >= MaxAddresses && !_paidUs.ContainsKey(from))
                return false;
            var paidUs = Math.Max(nowUs, _paidUs.GetValueOrDefault(from)) + (SecondsPerAttempt * 1_000_000L);
            if (paidUs - nowUs > AttemptsAtOnce * SecondsPerAttempt * 1_000_000L)
                return false;
            _paidUs[from] = paidUs;
            return true;
        }
    }
}
