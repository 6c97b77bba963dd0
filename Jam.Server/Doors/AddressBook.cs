using System.Net;
using Jam.Server.Contracts;

namespace Jam.Server.Doors;

/// <summary>One account for each address that has to do with this server. Safe for any thread.</summary>
internal sealed class AddressBook(AddressLimits limits, TimeProvider time)
{
    /// <summary>Accounts are forgotten when nobody uses them and their buckets are full again; looked at when there are so many.</summary>
    private const int LooksAt = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<AddressKey, AddressAccount> _accounts = [];
    private int _lookAt = LooksAt;

    /// <summary>The account of an address.</summary>
    /// <param name="address">As text; null or no address: one account for all of those.</param>
    public AddressAccount Of(string? address)
    {
        var ip = IPAddress.TryParse(address, out var parsed) ? parsed : IPAddress.None;
        var key = new AddressKey(ip);
        lock (_gate)
        {
            if (_accounts.TryGetValue(key, out var known))
                return known;
            if (_accounts.Count >= _lookAt)
                Forget();
            return _accounts[key] = new AddressAccount(key, AddressLimits.IsOwn(ip) ? AddressLimits.None : limits, time);
        }
    }

    private void Forget()
    {
        foreach (var account in _accounts.Values.Where(a => a.IsIdle).ToArray())
            _accounts.Remove(account.Key);
        _lookAt = Math.Max(LooksAt, 2 * _accounts.Count);
    }
}

/// <summary>What came from one address. Safe for any thread.</summary>
internal sealed class AddressAccount(AddressKey key, AddressLimits limits, TimeProvider time)
{
    /// <summary>Lines of the log that an address may cause at once, and seconds for each more.</summary>
    private const int LinesAtOnce = 10;
    private const int SecondsPerLine = 10;
    private const long ForgottenUs = SecondsPerLine * LinesAtOnce * 1_000_000L;

    private readonly Lock _gate = new();
    private readonly TokenBucket? _joins = Bucket(limits.JoinsPerSecond, limits.JoinBurst, time);
    private readonly TokenBucket? _messages = Bucket(limits.MessagesPerSecond, 4 * limits.MessagesPerSecond, time);
    private readonly TokenBucket? _bytes = Bucket(limits.BytesPerSecond, 4 * limits.BytesPerSecond, time);
    private readonly TokenBucket? _requests = Bucket(limits.RequestsPerSecond, 20 * limits.RequestsPerSecond, time);
    private int _connections;
    private long _linesPaidUs;
    private long _usedUs = time.NowUs();
    private int _unsaid;

    /// <summary>Whose it is.</summary>
    public AddressKey Key => key;

    /// <summary>Whether nothing is lost when it is forgotten.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_gate)
                return _connections == 0 && time.NowUs() - _usedUs > ForgottenUs;
        }
    }

    /// <summary>One connection more; false where it has its share.</summary>
    public bool TryConnect()
    {
        lock (_gate)
        {
            _usedUs = time.NowUs();
            if (limits.Connections > 0 && _connections >= limits.Connections)
                return false;
            _connections++;
            return true;
        }
    }

    /// <summary>One less.</summary>
    public void Disconnect()
    {
        lock (_gate)
            _connections--;
    }

    /// <summary>A HELLO; false where there were too many.</summary>
    public bool TryJoin() => Take(_joins, 1);

    /// <summary>A message; false where there were too many, or too many bytes.</summary>
    public bool TryTakeMessage(int bytes) => Take(_messages, 1) & Take(_bytes, bytes);

    /// <summary>A request for a page or a file; false where there were too many.</summary>
    public bool TryRequest() => Take(_requests, 1);

    /// <summary>Whether one more line about this address goes into the log.</summary>
    /// <param name="unsaid">How many did not since the last.</param>
    public bool TryLog(out int unsaid)
    {
        lock (_gate)
        {
            var nowUs = _usedUs = time.NowUs();
            var paidUs = Math.Max(nowUs, _linesPaidUs) + (SecondsPerLine * 1_000_000L);
            if (paidUs - nowUs > ForgottenUs)
            {
                unsaid = 0;
                _unsaid++;
                return false;
            }

            _linesPaidUs = paidUs;
            (unsaid, _unsaid) = (_unsaid, 0);
            return true;
        }
    }

    private bool Take(TokenBucket? bucket, int amount)
    {
        if (bucket is null)
            return true;
        lock (_gate)
        {
            _usedUs = time.NowUs();
            return bucket.TryTake(_usedUs, amount);
        }
    }

    private static TokenBucket? Bucket(int perSecond, int burst, TimeProvider time) => perSecond > 0 ? new TokenBucket(perSecond, Math.Max(1, burst), time.NowUs()) : null;
}
